import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { givenPeople, givenStandIn, inHours, someone } from '../support/delegations.js';
import { type Answer, type Client, startApp, type TestApp, type TestUser } from '../support/harness.js';
import { ann, boss, created, givenFlow, rival, root, type StageGiven } from '../support/world.js';

let app: TestApp;
let admin: Client;
let run = 0;
/** Who leaves, who takes over, and a third person; of team t1, known to no other test. */
let [leaver, heir, third] = ['', '', ''];
beforeAll(async () => {
  app = await startApp();
  admin = app.as(boss);
});
afterAll(() => app.close());
beforeEach(async () => {
  run += 1;
  [leaver, heir, third] = [`leaver${run}`, `heir${run}`, `third${run}`];
  await givenPeople(app, [leaver, heir, third]);
});

const handOver = (body: object = {}, client: Client = admin): Promise<Answer> =>
  client.post(`/directory/users/${leaver}/handover`, { toUserCode: heir, ...body });
/** Given an order of ann's with a step of these people first. */
async function givenOrder(stages: readonly StageGiven[], options = {}, title = 'an order'): Promise<string> {
  const { businessType } = await givenFlow(app, stages, options);
  return String((await created(app.as(ann), '/orders', { businessType, title })).id);
}
const orderOf = async (id: string) => (await app.as(root).get(`/orders/${id}`)).body;
const todoOf = async (who: TestUser): Promise<string[]> =>
  (await app.as(who).get('/orders?scope=todo&limit=100')).body.items.map(({ id }: { id: string }) => id);
const outcomes = ({ body }: Answer): Record<string, string> =>
  Object.fromEntries(
    (body.items as { orderId: string; outcome: string; problem: { code: string } | null }[]).map(
      ({ orderId, outcome, problem }) => [orderId, problem ? `${outcome} ${problem.code}` : outcome],
    ),
  );
const nothingElse = { groups: [], leaderOf: [], delegationsTo: [], returnedOrders: [] };

describe('POST /directory/users/{userCode}/handover', () => {
  it('given nothing said about it, only tells what would come of it', async () => {
    const id = await givenOrder([{ users: [leaver] }], {}, 'new laptop');
    const before = await orderOf(id);
    const answer = await handOver();
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        dryRun: true,
        items: [
          {
            orderId: id,
            title: 'new laptop',
            applyStep: 1,
            nodeName: before.steps[0].nodeName,
            outcome: 'would_hand_over',
            problem: null,
          },
        ],
        others: nothingElse,
      },
    ]);
    expect(await orderOf(id)).toEqual(before);
    expect(await todoOf(someone(leaver))).toEqual([id]);
  });

  it('given it for real, hands each place over, and the log says who did it', async () => {
    const [one, two] = [await givenOrder([{ users: [leaver] }]), await givenOrder([{ users: [leaver] }])];
    const answer = await handOver({ dryRun: false, remark: '离职交接' });
    expect(outcomes(answer)).toEqual({ [one]: 'handed_over', [two]: 'handed_over' });
    expect(await todoOf(someone(leaver))).toEqual([]);
    expect(await todoOf(someone(heir))).toEqual([two, one]);
    const { items } = (await app.as(root).get(`/orders/${one}/logs`)).body;
    expect(items.at(-1)).toMatchObject({ operationUserCode: 'boss', operation: 'step.transferred' });
    expect(items.at(-1).operationDetails).toContain(leaver);
    expect(items.at(-1).operationDetails).toContain(heir);
    expect((await app.as(someone(heir)).post(`/orders/${one}/approve`)).body.applyStatus).toBe('completed');
    expect(outcomes(await handOver({ dryRun: false }))).toEqual({});
  });

  it('given a turn that has not come, hands the place over all the same', async () => {
    const id = await givenOrder([{ users: [third, leaver], mode: 'sequential' }]);
    expect(outcomes(await handOver())).toEqual({ [id]: 'would_hand_over' });
    expect(outcomes(await handOver({ dryRun: false }))).toEqual({ [id]: 'handed_over' });
    await app.as(someone(third)).post(`/orders/${id}/approve`);
    expect(await todoOf(someone(heir))).toEqual([id]);
  });

  it('given orders on which the other cannot take over, tells why, and goes on with the next', async () => {
    const both = await givenOrder([{ users: [leaver, heir], mode: 'all' }]);
    const { businessType } = await givenFlow(app, [{ users: [leaver] }], { autoApprove: 'never' });
    const own = String((await created(app.as(someone(heir)), '/orders', { businessType })).id);
    const free = await givenOrder([{ users: [leaver] }]);
    const expected = (done: string) => ({
      [both]: 'not_possible already_exists',
      [own]: 'not_possible validation_failed',
      [free]: done,
    });
    expect(outcomes(await handOver())).toEqual(expected('would_hand_over'));
    const answer = await handOver({ dryRun: false });
    expect(outcomes(answer)).toEqual(expected('handed_over'));
    expect(answer.body.items[0].problem).toEqual({
      code: 'already_exists',
      status: 409,
      detail: expect.stringContaining(heir),
    });
    expect(await todoOf(someone(leaver))).toEqual([own, both]);
  });

  it('given steps that are decided, or whose turn comes later, leaves them', async () => {
    const decided = await givenOrder([{ users: [leaver, third], mode: 'all' }]);
    await app.as(someone(leaver)).post(`/orders/${decided}/approve`);
    const later = await givenOrder([{ users: [third] }, { users: [leaver] }]);
    const ended = await givenOrder([{ users: [leaver] }]);
    await app.as(ann).post(`/orders/${ended}/withdraw`);
    expect((await handOver({ dryRun: false })).body.items).toEqual([]);
    await app.as(someone(third)).post(`/orders/${later}/approve`);
    expect(outcomes(await handOver({ dryRun: false }))).toEqual({ [later]: 'handed_over' });
  });

  it('given that who takes over has somebody stand in, gives the work to the stand-in', async () => {
    const id = await givenOrder([{ users: [leaver] }]);
    await givenStandIn(app.as(someone(heir)), third);
    expect(outcomes(await handOver({ dryRun: false }))).toEqual({ [id]: 'handed_over' });
    expect(await todoOf(someone(heir))).toEqual([]);
    expect(await todoOf(someone(third))).toEqual([id]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['is inactive', () => app.as(boss).put(`/directory/users/${leaver}`, { name: leaver, active: false })],
    ['is forgotten by the directory', () => app.as(boss).delete(`/directory/users/${leaver}`)],
  ])('given that who leaves %s already, hands over all the same', async (_name, leave) => {
    const id = await givenOrder([{ users: [leaver] }]);
    await leave();
    expect(outcomes(await handOver({ dryRun: false }))).toEqual({ [id]: 'handed_over' });
    expect(await todoOf(someone(heir))).toEqual([id]);
  });

  it('given the same Idempotency-Key, hands over once and answers the same', async () => {
    const id = await givenOrder([{ users: [leaver] }]);
    const headers = { 'idempotency-key': `handover-${run}` };
    const ask = () =>
      admin.post(`/directory/users/${leaver}/handover`, { toUserCode: heir, dryRun: false }, headers);
    const first = await ask();
    expect(outcomes(first)).toEqual({ [id]: 'handed_over' });
    expect((await ask()).body).toEqual(first.body);
  });

  it('given more orders than are read at once, hands over all of them', async () => {
    const { businessType } = await givenFlow(app, [{ users: [leaver] }]);
    const ids: string[] = [];
    for (let n = 0; n < 203; n++) {
      ids.push(String((await created(app.as(ann), '/orders', { businessType })).id));
    }
    const answer = await handOver({ dryRun: false });
    expect(Object.keys(outcomes(answer))).toEqual(ids);
    expect(new Set(Object.values(outcomes(answer)))).toEqual(new Set(['handed_over']));
    expect(await todoOf(someone(leaver))).toEqual([]);
  });
});

describe('what is not handed over', () => {
  it('should be listed: groups, departments, delegations to the person, own orders that were returned', async () => {
    await admin.put(`/directory/groups/team-group-${run}`, { name: 'G', members: [leaver, third] });
    await app.as(root).put(`/directory/groups/platform-group-${run}`, { name: 'G', members: [leaver] });
    await app.as(rival).put(`/directory/groups/their-group-${run}`, { name: 'G', members: [leaver] });
    await admin.put(`/directory/departments/team-department-${run}`, { name: 'D', leader: leaver });
    await app.as(rival).put(`/directory/departments/their-department-${run}`, { name: 'D', leader: leaver });
    const stands = await givenStandIn(app.as(someone(third)), leaver);
    const planned = await givenStandIn(app.as(someone(heir)), leaver, {
      startsAt: inHours(10),
      endsAt: inHours(11),
    });
    const revoked = await givenStandIn(app.as(someone(heir)), leaver, {
      startsAt: inHours(20),
      endsAt: inHours(21),
    });
    await app.as(someone(heir)).delete(`/delegations/${revoked}`);
    const { businessType } = await givenFlow(app, [{ users: [third] }]);
    const returned = String((await created(app.as(someone(leaver)), '/orders', { businessType })).id);
    await app.as(someone(third)).post(`/orders/${returned}/return`, { toStep: 0 });
    const { body } = await handOver({ dryRun: false });
    expect(body).toEqual({
      dryRun: false,
      items: [],
      others: {
        groups: [`platform-group-${run}`, `team-group-${run}`],
        leaderOf: [`team-department-${run}`],
        delegationsTo: [stands, planned],
        returnedOrders: [returned],
      },
    });
    const everywhere = (await handOver({}, app.as(root))).body.others;
    expect(everywhere.groups).toEqual([`platform-group-${run}`, `team-group-${run}`, `their-group-${run}`]);
    expect(everywhere.leaderOf).toEqual([`team-department-${run}`, `their-department-${run}`]);
  });
});

describe('who hands over, and to whom', () => {
  const refusal = ({ status, body }: Answer): unknown[] => [status, body.code, body.errors?.[0].field];

  it.each([
    ['the person who leaves', () => ({ toUserCode: leaver })],
    ['nobody', () => ({ toUserCode: undefined })],
    ['a stranger', () => ({ toUserCode: 'a-stranger' })],
    ['somebody of another team', () => ({ toUserCode: `${heir}-there` })],
    ['somebody inactive', () => ({ toUserCode: third })],
  ])('should refuse %s with 400', async (_name, body) => {
    await givenPeople(app, [`${heir}-there`], 't2');
    await admin.put(`/directory/users/${third}`, { name: third, active: false });
    expect(refusal(await handOver(body()))).toEqual([400, 'validation_failed', 'toUserCode']);
  });

  it('should refuse a dryRun that is neither true nor false: it is not handed over by mistake', async () => {
    expect(refusal(await handOver({ dryRun: 'false' }))).toEqual([400, 'validation_failed', 'dryRun']);
    expect(refusal(await handOver({ dryRun: null }))).toEqual([400, 'validation_failed', 'dryRun']);
  });

  it('should be refused to members and API keys', async () => {
    expect((await handOver({}, app.as(ann))).status).toBe(403);
    const { key } = await created(app.as(root), '/api-keys', { name: `key ${run}`, accCodes: ['t1'] });
    expect((await handOver({}, app.key(String(key)))).status).toBe(403);
  });

  it("should leave another team's orders, of which nothing is told", async () => {
    const id = await givenOrder([{ users: [leaver] }]);
    const before = await orderOf(id);
    await givenPeople(app, [`${heir}-there`], 't2');
    const theirs = await handOver({ toUserCode: `${heir}-there`, dryRun: false }, app.as(rival));
    expect([theirs.status, theirs.body.items, theirs.body.others]).toEqual([200, [], nothingElse]);
    expect((await handOver({ accCode: 't1' }, app.as(rival))).status).toBe(404);
    expect(await orderOf(id)).toEqual(before);
  });

  it('should be for one team when a system administrator names it, and else for all', async () => {
    const id = await givenOrder([{ users: [leaver] }]);
    const everywhere = `${heir}-everywhere`;
    await givenPeople(app, [everywhere], null);
    const body = { toUserCode: everywhere };
    expect((await handOver({ ...body, accCode: 't2' }, app.as(root))).body.items).toEqual([]);
    expect(outcomes(await handOver({ ...body, accCode: 't1' }, app.as(root)))).toEqual({
      [id]: 'would_hand_over',
    });
    expect(outcomes(await handOver({ ...body, dryRun: false }, app.as(root)))).toEqual({
      [id]: 'handed_over',
    });
  });
});
