import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenCrew, openActing } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, dave, givenFlow, path, root, type StageGiven } from '../support/world.js';

let app: TestApp;
let given: ReturnType<typeof directoryOf>;

beforeAll(async () => {
  app = await startApp();
  await givenCrew(app);
  given = directoryOf(app.as(root));
  // ann works in the shop, under sales, under the company; nobody leads sales.
  await given.department('company', { leader: 'dave' });
  await given.department('sales', { parent: 'company' });
  await given.department('shop', { parent: 'sales', leader: 'bob' });
  await given.user('ann', { department: 'shop' });
  await given.user('bob', { department: 'shop', roles: ['经理'] });
  await given.user('carol', { department: 'sales', roles: ['经理'] });
  await given.user('dave', { department: 'company', roles: ['经理'] });
});
afterAll(async () => {
  await historiesOf(app.database);
  await app.close();
});

const leader = (level: number, more: object = {}): StageGiven => ({
  node: { auditObjectType: 'leader', auditObject: [String(level)], ...more },
});
const choice = (candidates: readonly string[], more: object = {}): StageGiven => ({
  node: { auditObjectType: 'applicant_choice', auditObject: candidates, ...more },
});
const open = async (stages: readonly StageGiven[], body: object = {}) => {
  const { businessType } = await givenFlow(app, stages);
  return app.as(ann).post('/orders', { businessType, ...body });
};
const asked = (answer: { body: { steps: { assignees: { userCode: string }[] }[] } }): string[][] =>
  answer.body.steps.map((step) => step.assignees.map((one) => one.userCode));

describe('the n-th leader above the applicant', () => {
  it.each([
    ['the leader of the own department', leader(1), ['bob']],
    ['the third one up', leader(3), ['dave']],
    ['past the vacant post', leader(2, { pastVacant: true }), ['dave']],
  ])('given %s, then that one is asked', async (_name, stage, people) => {
    const order = await open([stage]);
    expect([order.status, asked(order)]).toEqual([201, [people]]);
  });

  it.each([
    ['a vacant post', leader(2)],
    ['more levels than there are', leader(4)],
    ['more leaders than there are', leader(3, { pastVacant: true })],
  ])('given %s, then the order is refused', async (_name, stage) => {
    const order = await open([{ users: ['carol'] }, stage]);
    expect([order.status, order.body.code]).toEqual([422, 'approver_not_found']);
    expect(order.body.detail).toContain('stage 2');
  });

  it.each([
    ['skip', { whenNobody: 'skip' }, 'completed', ['skipped']],
    ['fallback', { whenNobody: 'fallback', fallback: ['carol'] }, 'in_review', ['in_review']],
    ['admin', { whenNobody: 'admin' }, 'in_review', ['in_review']],
  ] as const)('given nobody and %s, then the node says what follows', async (_name, rule, status, steps) => {
    const order = await open([leader(2, rule)]);
    expect([order.body.applyStatus, path(order.body)]).toEqual([status, steps]);
  });

  it('given administrators in place of nobody, then one of the team decides', async () => {
    const { businessType } = await givenFlow(app, [leader(2, { whenNobody: 'admin' })]);
    const order = await openActing(app, businessType);
    const todo = await app.as(boss).get('/orders?scope=todo&limit=100');
    expect(todo.body.items.map((one: { id: string }) => one.id)).toContain(order.id);
    expect(await order.refuses(bob, 'approve')).toBe('403 forbidden');
    expect((await order.does(boss, 'approve')).applyStatus).toBe('completed');
  });

  it('given a step that is reached later, then it asks whoever leads by then', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['carol'] }, leader(1)]);
    const order = await openActing(app, businessType);
    await given.department('shop', { parent: 'sales', leader: 'gus' });
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['gus']);
    await given.department('shop', { parent: 'sales', leader: 'bob' });
  });

  it('given nobody when it is reached, then it waits for an administrator, who seats somebody', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['carol'] }, leader(1)]);
    const order = await openActing(app, businessType);
    await given.department('shop', { parent: 'sales', leader: null });
    const reached = await order.does(carol, 'approve');
    expect([reached.applyStatus, reached.steps[1]?.reason]).toEqual(['in_review', 'nobody_found']);
    expect(await order.turns()).toEqual([]);
    await order.does(root, 'transfer', { toUserCode: 'fay' });
    expect(await order.turns()).toEqual(['fay']);
    await given.department('shop', { parent: 'sales', leader: 'bob' });
  });
});

describe('only those close to the applicant', () => {
  it.each([
    ['department', ['bob']],
    ['department_chain', ['bob']],
  ])('given restrictTo %s, then of all managers only those of the shop', async (restrictTo, people) => {
    const order = await open([{ roles: ['经理'], node: { restrictTo } }]);
    expect(asked(order)).toEqual([people]);
    expect((await app.as(dave).post(`/orders/${order.body.id}/approve`, {})).status).toBe(403);
    expect((await app.as(bob).post(`/orders/${order.body.id}/approve`, {})).body.applyStatus).toBe(
      'completed',
    );
  });

  it('given nobody in the own department, then department climbs nowhere and department_chain does', async () => {
    await given.user('bob', { department: 'shop', roles: [] });
    const refused = await open([{ roles: ['经理'], node: { restrictTo: 'department' } }]);
    expect([refused.status, refused.body.code]).toEqual([422, 'approver_not_found']);
    const climbed = await open([{ roles: ['经理'], node: { restrictTo: 'department_chain' } }]);
    expect(asked(climbed)).toEqual([['carol']]);
    await given.user('bob', { department: 'shop', roles: ['经理'] });
  });
});

describe('whom the applicant chooses', () => {
  it.each([
    ['a list', ['carol'], [['carol']]],
    ['a list by stage number', { '1': ['bob', 'carol'] }, [['bob', 'carol']]],
  ])('given %s, then those are asked', async (_name, chosenApprovers, people) => {
    const order = await open([choice(['bob', 'carol'], { approvalMode: 'all' })], { chosenApprovers });
    expect([order.status, asked(order)]).toEqual([201, people]);
  });

  it('given lists by node id for two stages, then each gets its own', async () => {
    const { businessType, nodeIds } = await givenFlow(app, [choice([]), choice(['dave'])]);
    const chosenApprovers = { [nodeIds[0] ?? '']: ['carol'], '2': ['dave'] };
    const order = await app.as(ann).post('/orders', { businessType, chosenApprovers });
    expect(order.status).toBe(201);
    expect(order.body.steps[0].assignees).toMatchObject([{ userCode: 'carol', canDecide: true }]);
  });

  it.each([
    ['somebody outside the candidates', [choice(['bob'])], ['carol']],
    ['somebody inactive or unknown', [choice([])], ['nobody-knows']],
    ['one list for two stages', [choice([]), choice([])], ['bob']],
    ['a stage that leaves no choice', [{ users: ['bob'] }, choice([])], { '1': ['carol'] }],
    ['a flow that leaves no choice', [{ users: ['bob'] }], ['carol']],
    ['what is no list', [choice([])], 'carol'],
    ['what holds no codes', [choice([])], { '1': [7] }],
  ])('given %s, then it is refused with 400', async (_name, stages, chosenApprovers) => {
    const order = await open(stages, { chosenApprovers });
    expect([order.status, order.body.errors?.[0].field]).toEqual([400, 'chosenApprovers']);
  });

  it('given no choice, then nobody is found', async () => {
    const order = await open([choice(['bob'])]);
    expect([order.status, order.body.code]).toEqual([422, 'approver_not_found']);
  });
});
