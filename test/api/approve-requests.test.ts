import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SharedClock } from '../../src/database/shared-clock.js';
import { type Answer, type Client, startApp, type TestApp, type TestUser } from '../support/harness.js';
import { givenGateRow, givenHeldRow } from '../support/held-requests.js';
import { ann, bob, boss, created, eve, givenFlow, rival, root } from '../support/world.js';

// Requests are stored past the gate here: what is tested is who sees which of them.

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const idsOf = ({ status, body }: Answer): string[] => {
  expect(status, JSON.stringify(body)).toBe(200);
  return (body.items as readonly { id: string }[]).map(({ id }) => id);
};

const list = async (client: Client, query: string): Promise<string[]> =>
  idsOf(await client.get(`/approve-requests?${query}`));

const codeOf = ({ status, body }: Answer): string => `${status} ${body.code}`;

async function givenKey(accCodes: readonly string[]): Promise<Client> {
  const { key } = await created(app.as(root), '/api-keys', { name: 'erp', accCodes });
  return app.key(String(key));
}

describe('GET /approve-requests', () => {
  it('given requests of several people and teams, when each lists, then mine are own and all are of the team', async () => {
    const action = 'action-whose';
    const ofAnn = await givenHeldRow(app, { actionId: action });
    const ofBob = await givenHeldRow(app, { actionId: action, userCode: 'bob' });
    const ofEve = await givenHeldRow(app, { actionId: action, userCode: 'eve', accCode: 't2' });
    const namesake = await givenHeldRow(app, { actionId: action, accCode: 't2' });
    const of = async (who: TestUser, query = '') => list(app.as(who), `actionId=${action}&${query}`);

    expect(await of(ann)).toEqual([ofAnn]);
    expect(await of(bob, 'scope=mine')).toEqual([ofBob]);
    expect(await of(eve)).toEqual([ofEve]);
    expect(await of(boss)).toEqual([]);
    expect(await of(boss, 'scope=all')).toEqual([ofBob, ofAnn]);
    expect(await of(boss, 'scope=all&accCode=t1')).toEqual([ofBob, ofAnn]);
    expect(await of(rival, 'scope=all')).toEqual([namesake, ofEve]);
    expect(await of(root, 'scope=all')).toEqual([namesake, ofEve, ofBob, ofAnn]);
    expect(await of(root, 'scope=all&accCode=t2')).toEqual([namesake, ofEve]);
  });

  it('given a member, when they list all, then 403; another team is 404, also for its filters', async () => {
    const ofT1 = await givenHeldRow(app, { actionId: 'action-hidden' });
    const get = (who: TestUser, query: string) => app.as(who).get(`/approve-requests?${query}`);

    expect(codeOf(await get(ann, 'scope=all'))).toBe('403 forbidden');
    expect(codeOf(await get(boss, 'scope=all&accCode=t2'))).toBe('404 not_found');
    expect(idsOf(await get(rival, 'scope=all&actionId=action-hidden'))).toEqual([]);
    expect(idsOf(await get(root, 'scope=all&actionId=action-hidden'))).toEqual([ofT1]);
  });

  it('given API keys, when they list, then they see all of their teams, and no others', async () => {
    const action = 'action-keys';
    const ofT1 = await givenHeldRow(app, { actionId: action });
    const ofT2 = await givenHeldRow(app, { actionId: action, accCode: 't2' });
    const one = await givenKey(['t1']);
    const both = await givenKey(['t1', 't2']);

    expect(await list(one, `actionId=${action}`)).toEqual([ofT1]);
    expect(await list(both, `actionId=${action}&scope=all`)).toEqual([ofT2, ofT1]);
    expect(await list(both, `actionId=${action}&accCode=t2`)).toEqual([ofT2]);
    expect(codeOf(await one.get('/approve-requests?accCode=t2'))).toBe('404 not_found');
    expect(codeOf(await one.get('/approve-requests?scope=mine'))).toBe('400 validation_failed');
  });

  it('given requests that differ, when narrowed by one thing, then those that have it are listed', async () => {
    const action = 'action-filters';
    const gateId = await givenGateRow(app, 'filtered');
    const plain = await givenHeldRow(app, { actionId: action });
    const other = await givenHeldRow(app, {
      actionId: action,
      userCode: 'bob',
      method: 'DELETE',
      path: '/orders/1',
      provider: 'feishu',
      gateId,
      applyOrderId: 'order-of-the-other',
    });
    const narrowed = (query: string) => list(app.as(boss), `scope=all&actionId=${action}&${query}`);

    expect(await narrowed('')).toEqual([other, plain]);
    expect(await narrowed('userCode=bob')).toEqual([other]);
    expect(await narrowed('method=POST')).toEqual([plain]);
    expect(await narrowed('method=HEAD')).toEqual([]);
    expect(await narrowed('path=/orders')).toEqual([other]);
    expect(await narrowed('provider=feishu')).toEqual([other]);
    expect(await narrowed('orderId=order-of-the-other')).toEqual([other]);
    expect(await narrowed('userCode=bob&method=POST')).toEqual([]);
    expect(await narrowed('gate=filtered')).toEqual([other]);
    expect(await narrowed('gate=another')).toEqual([]);
    expect(await list(app.as(boss), 'scope=all&actionId=nobodys')).toEqual([]);
    expect(await list(app.as(ann), `actionId=${action}&userCode=bob`)).toEqual([]);
  });

  it.each([
    ['/a_b', ['/a_b']],
    ['/a%62', ['/a%62']],
    ['/A', ['/ABC']],
    ['/abc', ['/abc/def', '/abc']],
    ['/abc ', []],
    ['bc', []],
    ["/'", []],
    ['/a\\', []],
  ])(
    'given paths alike, when listed by %j, then only those that begin with it: %j',
    async (path, expected) => {
      const action = `action-paths ${path}`.replaceAll(/[^a-z]/gi, (sign) => `-${sign.charCodeAt(0)}`);
      for (const given of ['/a_b', '/axb', '/a%62', '/a%b62', '/abc', '/ABC', '/abc/def'])
        await givenHeldRow(app, { actionId: action, path: given });

      const answer = await app
        .as(ann)
        .get(`/approve-requests?actionId=${action}&path=${encodeURIComponent(path)}`);

      expect((answer.body.items as { path: string }[]).map((item) => item.path)).toEqual(expected);
    },
  );

  it('given more requests than a page holds, when paged, then each comes once, newest first', async () => {
    const action = 'action-pages';
    const ids: string[] = [];
    for (let number = 0; number < 7; number++) ids.unshift(await givenHeldRow(app, { actionId: action }));

    const found: string[][] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Answer = await app
        .as(ann)
        .get(`/approve-requests?actionId=${action}&limit=3${cursor && `&cursor=${cursor}`}`);
      found.push(idsOf(page));
      cursor = page.body.nextCursor;
    }

    expect(found).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);
  });

  it.each([
    'scope=team',
    'status=pending',
    'method=OVER-LONG-METHODS',
    'limit=0',
    'cursor=nonsense',
    'path=&path=',
    'state=waiting',
  ])('given a query that says %s, then 400', async (query) => {
    expect(codeOf(await app.as(boss).get(`/approve-requests?${query}`))).toBe('400 validation_failed');
  });

  it('given a stored row, when it is listed, then all of it is told but what is sealed', async () => {
    const endsAt = (await app.get(SharedClock).now()) + 60_000;
    const orderId = 'order-of-the-told';
    const id = await givenHeldRow(app, { applyOrderId: orderId, endsAt, responseStatus: null });

    const { body } = await app.as(ann).get(`/approve-requests?orderId=${orderId}`);

    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
    expect(body).toEqual({
      nextCursor: null,
      items: [
        {
          id,
          orderId,
          accCode: 't1',
          actionId: 'action-1',
          actionName: '删除用户',
          provider: 'internal',
          gate: null,
          userCode: 'ann',
          status: 'waiting',
          mode: 'replay',
          method: 'POST',
          host: 'erp.example.com',
          path: '/users/42',
          query: '',
          upstream: 'https://erp.example.com',
          contentType: 'application/json',
          bodyBytes: 27,
          requestHash: 'hash-that-execution-checks',
          error: null,
          responseStatus: null,
          endsAt: new Date(endsAt).toISOString(),
          createTime: time,
          updateTime: time,
        },
      ],
    });
  });

  it('given a query with a secret, when it is listed, read or decided on, then the secret is masked', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const { id: orderId } = await created(app.as(ann), '/orders', { businessType });
    const id = await givenHeldRow(app, { applyOrderId: orderId, query: 'force=1&token=s3cr3t-of-ann' });

    const answers = [
      await app.as(ann).get(`/approve-requests?orderId=${orderId}`),
      await app.as(bob).get(`/approve-requests/${id}`),
      await app.as(bob).post(`/approve-requests/${id}/pass`),
    ];

    const [listed, read, passed] = answers.map(({ body }) => body);
    for (const { query } of [listed.items[0], read, passed]) expect(query).toBe('force=1&token=***');
    expect(JSON.stringify(answers)).not.toContain('s3cr3t');
  });
});
