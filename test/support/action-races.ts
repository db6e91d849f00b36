import { expect } from 'vitest';
import { actingOn, colleague, fay, gus, openActing } from './acting.js';
import type { Answer, TestApp, TestUser } from './harness.js';
import type { OrderHistory } from './order-history.js';
import { ann, bob, carol, dave } from './world.js';

export const hal = colleague('hal');
export const ivy = colleague('ivy');

/** Where an order stands when two commands race for it. */
export type Standing = 'under review' | 'returned' | 'rejected';

/** Who gives a command, in the first place of a race or in the second one, and with what. */
type Given = (place: 0 | 1) => readonly [who: TestUser, body: object];

const reviewer = (place: 0 | 1): TestUser => (place === 0 ? carol : dave);
const receiver = (place: 0 | 1): string => (place === 0 ? gus.sub : ivy.sub);

/** What can be done to an order that carol and dave review, on whose step hal has decided and fay was added. */
export const commands: Readonly<Record<string, Given>> = {
  approve: (place) => [reviewer(place), {}],
  reject: (place) => [reviewer(place), {}],
  withdraw: () => [ann, {}],
  transfer: (place) => [reviewer(place), { toUserCode: receiver(place) }],
  delegate: (place) => [reviewer(place), { toUserCode: receiver(place) }],
  'add-sign': (place) => [
    reviewer(place),
    { userCodes: [receiver(place)], position: place ? 'before' : 'with' },
  ],
  'remove-sign': () => [carol, { userCodes: ['fay'] }],
  return: (place) => [reviewer(place), { toStep: place }],
  'take-back': () => [hal, {}],
  urge: () => [ann, {}],
  cc: () => [ann, { userCodes: ['gus', 'ivy'] }],
  comments: () => [ann, { text: '嗯' }],
  resubmit: () => [ann, { variables: { amount: 2 } }],
  reopen: () => [carol, {}],
};

/** Every unordered pair of different commands, with where the order stands so that they are possible. */
export function pairs(): (readonly [string, string, Standing])[] {
  const names = Object.keys(commands);
  return names.flatMap((one, index) =>
    names.slice(index + 1).map((other): readonly [string, string, Standing] => {
      if (one === 'reopen' || other === 'reopen') return [one, other, 'rejected'];
      return [one, other, one === 'resubmit' || other === 'resubmit' ? 'returned' : 'under review'];
    }),
  );
}

/** Given an order that stands there. @returns its id */
export async function givenStanding(app: TestApp, businessType: string, standing: Standing): Promise<string> {
  const order = await openActing(app, businessType, { variables: { amount: 1 } });
  await order.does(bob, 'approve');
  await order.does(carol, 'add-sign', { userCodes: [fay.sub], position: 'after' });
  await order.does(hal, 'approve');
  if (standing === 'returned') await order.does(carol, 'return', { toStep: 0, resume: 'back' });
  if (standing === 'rejected') await order.does(carol, 'reject');
  return order.id;
}

export interface Raced {
  readonly orderId: string;
  readonly command: string;
  readonly answer: Answer;
}

/** Both commands at the same moment, each `times` times, spread over the services in turn. */
export function race(
  services: readonly TestApp[],
  orderId: string,
  pair: readonly [string, string],
  times: number,
  reviewersDiffer: boolean,
): Promise<Raced[]> {
  const calls = Array.from({ length: times * 2 }, (_, n) => {
    const place = n % 2 === 0 ? 0 : 1;
    const command = pair[place];
    const [who, body] = (commands[command] as Given)(reviewersDiffer ? place : 0);
    return { command, who, body, service: services[(n >> 1) % services.length] as TestApp };
  });
  return Promise.all(
    calls.map(async ({ command, who, body, service }) => ({
      orderId,
      command,
      answer: await actingOn(service, orderId).act(who, command, body),
    })),
  );
}

/** Expects one path: each acknowledged command is one transition, and nothing else is; others are told why not. */
export function expectOnePathOf(
  raced: readonly Raced[],
  histories: readonly OrderHistory[],
  given: number,
): void {
  for (const { command, answer } of raced) {
    if (answer.status === 200) continue;
    const told = `${command}: ${answer.status} ${JSON.stringify(answer.body)}`;
    expect(answer.status, told).toBeGreaterThanOrEqual(400);
    expect(answer.status, told).toBeLessThan(500);
    expect(answer.headers.get('content-type'), told).toContain('application/problem+json');
  }
  const byOrder = new Map<string, number[]>();
  for (const { orderId, answer } of raced) {
    const versions = byOrder.get(orderId) ?? [];
    byOrder.set(orderId, answer.status === 200 ? [...versions, Number(answer.body.version)] : versions);
  }
  for (const history of histories) {
    const versions = byOrder.get(history.id);
    if (!versions) continue;
    const told = `order ${history.id}: ${JSON.stringify(history.transitions.slice(given))}`;
    const first = history.transitions.length - versions.length + 1;
    expect(
      versions.toSorted((a, b) => a - b),
      told,
    ).toEqual(versions.map((_, n) => first + n));
    expect(history.state.steps.filter((step) => step.auditStatus === 'in_review').length, told).toBeLessThan(
      2,
    );
    expectOneVoteEach(history);
  }
}

const votes = new Set([
  'step.voted',
  'step.voted_against',
  'step.approved',
  'step.rejected',
  'step.vote_repeated',
]);
/** After which somebody may vote once more on the same step. */
const anew = new Set(['order.returned', 'order.resubmitted', 'order.reopened', 'step.decision_taken_back']);

function expectOneVoteEach({ id, transitions }: OrderHistory): void {
  const voted = new Set<string>();
  for (const event of transitions.flat()) {
    if (anew.has(event.type)) voted.clear();
    if (!votes.has(event.type) || !('applyStep' in event) || !('userCode' in event)) continue;
    const vote = `${event.userCode} on step ${event.applyStep} of order ${id}`;
    expect(voted, `two votes of ${vote}`).not.toContain(vote);
    voted.add(vote);
  }
}

/** Every order in somebody's to-do list. */
export async function todoOf(app: TestApp, who: TestUser): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ;) {
    const { body } = await app.as(who).get(`/orders?scope=todo&limit=100${cursor}`);
    ids.push(...(body.items as { id: string }[]).map((one) => one.id));
    if (body.nextCursor === null) return ids.toSorted();
    cursor = `&cursor=${body.nextCursor}`;
  }
}

/** The orders that wait for a person, as their states say it. */
export const waitingFor = (histories: readonly OrderHistory[], { sub }: TestUser): string[] =>
  histories
    .filter(
      ({ state }) =>
        (state.returned && state.applicant === sub) ||
        state.steps.some((step) =>
          step.seats.some((seat) => seat.subject === `u:${sub}` && seat.turn === 'open'),
        ),
    )
    .map(({ id }) => id)
    .toSorted();
