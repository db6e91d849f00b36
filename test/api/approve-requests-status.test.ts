import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SharedClock } from '../../src/database/shared-clock.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { applyStatusCodes } from '../../src/engine/codes.js';
import { type ApplyStatus, applyStatuses } from '../../src/engine/vocabulary.js';
import { modes, requestStates } from '../../src/gate/vocabulary.js';
import { type Answer, startApp, type TestApp } from '../support/harness.js';
import { givenHeldRow } from '../support/held-requests.js';
import { ann, created, givenFlow } from '../support/world.js';

let app: TestApp;
let businessType: string;
beforeAll(async () => {
  app = await startApp();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
});
afterAll(() => app.close());

interface Told {
  readonly id: string;
  readonly status: string;
  readonly endsAt: string | null;
}

/** All pages of a list. */
async function told(query: string): Promise<Told[]> {
  const items: Told[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Answer = await app
      .as(ann)
      .get(`/approve-requests?limit=100&${query}${cursor && `&cursor=${cursor}`}`);
    expect(page.status).toBe(200);
    items.push(...page.body.items);
    cursor = page.body.nextCursor;
  }
  return items;
}

/** Given an order at this status, whatever led there. */
async function givenOrder(applyStatus: ApplyStatus): Promise<string> {
  const { id } = await created(app.as(ann), '/orders', { businessType });
  await app
    .get(UnitOfWork)
    .run((tx) =>
      tx.run('UPDATE dms_s_apply_order SET apply_status = ? WHERE id = ?', [
        applyStatusCodes[applyStatus],
        String(id),
      ]),
    );
  return String(id);
}

/** `null`: none at all. */
const ordersBehind = (state: string): readonly (ApplyStatus | null)[] =>
  state === 'waiting' || state === 'denied' ? [...applyStatuses, null] : ['withdrawn', null];

/** Every state in both modes, its time over or not, with the orders that could be behind it. */
const standings = requestStates.flatMap((state) =>
  modes.flatMap((mode) =>
    ordersBehind(state).flatMap((applyStatus) =>
      [-60_000, 600_000, null].map((ends) => ({ state, mode, applyStatus, ends })),
    ),
  ),
);

/** What people should be told, put down apart from the code that tells it. */
function expectedOf(state: string, mode: string, applyStatus: ApplyStatus | null, over: boolean): string {
  if (state === 'approved') return over && mode === 'retry-once' ? 'expired' : 'approved';
  if (state === 'executing') return over && mode === 'retry-once' ? 'unknown' : 'executing';
  if (state !== 'waiting' && state !== 'denied') return state;
  switch (applyStatus) {
    case 'completed':
      return 'approved';
    case 'rejected':
      return 'denied';
    case 'withdrawn':
      return over ? 'expired' : 'cancelled';
    case null:
      return state === 'waiting' && over ? 'expired' : state;
    default:
      // One that was denied waits again: its order was reopened.
      return state === 'waiting' && over ? 'expired' : 'waiting';
  }
}

describe('the status of a request', () => {
  it('given rows in every standing, when listed by each status, then those that are told to have it, and no others', async () => {
    // given
    const now = await app.get(SharedClock).now();
    const given = new Map<string, (typeof standings)[number]>();
    for (const standing of standings) {
      const { state, mode, applyStatus, ends } = standing;
      const fields = {
        state,
        mode,
        endsAt: ends === null ? null : now + ends,
        ...(applyStatus === null ? {} : { applyOrderId: await givenOrder(applyStatus) }),
      };
      given.set(await givenHeldRow(app, fields), standing);
    }

    // when
    const all = await told('');

    // then
    expect(all.map(({ id }) => id)).toEqual([...given.keys()].toReversed());
    for (const { id, status, endsAt } of all) {
      const { state, mode, applyStatus = null, ends = null } = given.get(id) ?? {};
      const label = `${state} ${mode} ${applyStatus} ${ends}`;
      const over = ends !== null && ends < 0;
      expect(status, label).toBe(expectedOf(String(state), String(mode), applyStatus, over));
      expect(endsAt !== null, label).toBe(ends !== null && status === state);
    }
    const at = (...statuses: string[]) => all.filter(({ status }) => statuses.includes(status));
    for (const status of requestStates) expect(await told(`status=${status}`), status).toEqual(at(status));
    expect(await told('status=open')).toEqual(at('waiting', 'approved', 'executing'));
  });
});
