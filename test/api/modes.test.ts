import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeTold, crew, fay, givenCrew, openActing, seated, storedRows } from '../support/acting.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { historiesOf, votersOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, dave, givenFlow, root, type StageGiven } from '../support/world.js';

/** 或签, 会签, 票签, 依次: how many of a step's people must agree, and whose turn it is meanwhile (domain rule 4). */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
});
afterAll(() => closeTold(app));

const reviewers: readonly TestUser[] = [bob, carol, dave];
const codes = reviewers.map(({ sub }) => sub);

/** The same three people, named, as members of a group of their own, and by a role of their own. */
let made = 0;
const ways: Readonly<Record<string, () => Promise<StageGiven>>> = {
  'users by name': () => Promise.resolve({ users: codes }),
  'a group': async () => ({ groups: [await givenGroup(codes)] }),
  'a role': async () => ({ roles: [await givenRole(codes)] }),
};

async function givenGroup(members: readonly string[], code: string = `modes-${++made}`): Promise<string> {
  await given.group(code, members);
  return code;
}

async function givenRole(holders: readonly string[], role: string = `modes-role-${++made}`): Promise<string> {
  for (const { sub } of crew) await given.user(sub, { roles: holders.includes(sub) ? [role] : [] });
  return role;
}

const openOn = async (...stages: StageGiven[]) =>
  openActing(app, (await givenFlow(app, stages)).businessType);

describe.each(Object.keys(ways))('over %s', (way) => {
  const people = () => (ways[way] as () => Promise<StageGiven>)();

  it('any: whoever comes first decides, and it leaves every to-do list', async () => {
    const order = await openOn({ ...(await people()), mode: 'any' });
    expect(await order.turns()).toEqual(codes);
    expect(await order.refuses(fay, 'approve')).toBe('403 forbidden');
    const decided = await order.does(carol, 'approve', { auditMsg: '同意' });
    expect(decided).toMatchObject({
      applyStatus: 'completed',
      steps: [{ auditStatus: 'approved', auditUserCode: 'carol', auditMsg: '同意', requiredApprovals: 1 }],
    });
    expect(await order.turns()).toEqual([]);
    expect(await order.refuses(bob, 'approve')).toBe('409 order_closed');
  });

  it('any: a rejection rejects the order', async () => {
    const order = await openOn({ ...(await people()) }, { users: ['fay'] });
    expect((await order.does(dave, 'reject')).applyStatus).toBe('rejected');
    expect(await order.path()).toEqual(['rejected', 'cancelled']);
    expect(await order.turns()).toEqual([]);
  });

  it('all: everybody approves, in whatever sequence, and each leaves the to-do list by deciding', async () => {
    const order = await openOn({ ...(await people()), mode: 'all' }, { users: ['fay'] });
    expect((await order.order()).steps[0]?.requiredApprovals).toBe(3);
    expect(await order.turns()).toEqual(codes);
    await order.does(dave, 'approve');
    expect(await order.turns()).toEqual(['bob', 'carol']);
    expect(await order.refuses(dave, 'reject')).toBe('409 already_decided');
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['carol']);
    expect(await order.path()).toEqual(['in_review', 'waiting']);
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['fay']);
    expect(await order.path()).toEqual(['approved', 'in_review']);
  });

  it('all: one rejection rejects the order', async () => {
    const order = await openOn({ ...(await people()), mode: 'all' });
    await order.does(bob, 'approve');
    expect((await order.does(carol, 'reject')).applyStatus).toBe('rejected');
    expect(await order.turns()).toEqual([]);
  });

  it('threshold: so many approvals pass it, and nobody else is asked any more', async () => {
    const order = await openOn(
      { ...(await people()), mode: 'threshold', node: { minApprovals: 2 } },
      { users: ['fay'] },
    );
    expect((await order.order()).steps[0]?.requiredApprovals).toBe(2);
    expect(await order.turns()).toEqual(codes);
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['bob', 'dave']);
    await order.does(dave, 'approve');
    expect(await order.turns()).toEqual(['fay']);
    expect(await order.refuses(bob, 'approve')).toBe('409 already_decided');
  });

  it('threshold: a rejection counts against it only once the approvals can no longer be reached', async () => {
    const order = await openOn({ ...(await people()), mode: 'threshold', node: { minApprovals: 2 } });
    const against = await order.does(bob, 'reject', { auditMsg: '太贵' });
    expect(against).toMatchObject({ applyStatus: 'in_review', steps: [{ auditStatus: 'in_review' }] });
    expect(seated(against, 1)).toEqual(expect.arrayContaining(['(bob)', 'carol', 'dave']));
    expect(await order.turns()).toEqual(['carol', 'dave']);
    const lost = await order.does(dave, 'reject', { auditMsg: '不行' });
    expect(lost).toMatchObject({
      applyStatus: 'rejected',
      steps: [{ auditStatus: 'rejected', auditUserCode: 'dave', auditMsg: '不行' }],
    });
    expect(await order.turns()).toEqual([]);
    expect(await order.operations()).toEqual([
      'order.opened',
      'step.in_review',
      'step.voted_against',
      'step.rejected',
      'order.rejected',
    ]);
  });

  it('threshold: the others outvote one who is against it', async () => {
    const order = await openOn({ ...(await people()), mode: 'threshold', node: { minApprovals: 2 } });
    await order.does(carol, 'reject');
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['dave']);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('sequential: one after the other', async () => {
    const order = await openOn({ ...(await people()), mode: 'sequential' });
    expect((await order.order()).steps[0]?.requiredApprovals).toBe(3);
    for (const [index, who] of reviewers.entries()) {
      expect(await order.turns()).toEqual([who.sub]);
      for (const other of reviewers.slice(index + 1)) {
        expect(await order.refuses(other, 'approve')).toBe('403 forbidden');
      }
      await order.does(who, 'approve');
    }
    expect((await order.order()).applyStatus).toBe('completed');
    expect(await order.turns()).toEqual([]);
  });

  it('sequential: a rejection ends it before the others are asked', async () => {
    const order = await openOn({ ...(await people()), mode: 'sequential' });
    await order.does(bob, 'approve');
    expect((await order.does(carol, 'reject')).applyStatus).toBe('rejected');
    expect(await order.turns()).toEqual([]);
  });

  it('a system administrator decides for all of them, in every mode', async () => {
    for (const mode of ['any', 'all', 'threshold', 'sequential'] as const) {
      const node = mode === 'threshold' ? { minApprovals: 3 } : {};
      const order = await openOn({ ...(await people()), mode, node });
      expect((await order.does(root, 'approve')).applyStatus, mode).toBe('completed');
    }
  });
});

describe('sequential', () => {
  it('asks people in the sequence in which the node names them', async () => {
    const order = await openOn({ users: ['dave', 'bob', 'carol'], mode: 'sequential' });
    expect(await order.turns()).toEqual(['dave']);
    await order.does(dave, 'approve');
    expect(await order.turns()).toEqual(['bob']);
    await order.does(bob, 'approve');
    expect(await order.turns()).toEqual(['carol']);
  });
});

describe('somebody leaves the group while the step is open', () => {
  const leaves = async (mode: StageGiven['mode'], node: object = {}) => {
    const group = await givenGroup(codes);
    const order = await openOn({ groups: [group], mode, node: { ...node } });
    return { order, leave: (...staying: string[]) => given.group(group, staying) };
  };

  it('all: they are not waited for, and decide nothing', async () => {
    const { order, leave } = await leaves('all');
    await order.does(bob, 'approve');
    await leave('bob', 'dave');
    expect((await order.act(carol, 'approve')).status).toBe(403);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('all: a vote that was cast before stays', async () => {
    const { order, leave } = await leaves('all');
    await order.does(bob, 'approve');
    await leave('carol', 'dave');
    await order.does(carol, 'approve');
    const done = await order.does(dave, 'approve');
    expect(done.applyStatus).toBe('completed');
    const [history] = (await historiesOf(app.database)).filter(({ id }) => id === order.id);
    expect(history?.state.steps.flatMap(votersOf).toSorted()).toEqual(codes);
  });

  it('threshold: with those who stay, a rejection may already decide it', async () => {
    const { order, leave } = await leaves('threshold', { minApprovals: 2 });
    await leave('bob', 'carol');
    expect((await order.does(bob, 'reject')).applyStatus).toBe('rejected');
  });

  it('threshold: those who stay are enough', async () => {
    const { order, leave } = await leaves('threshold', { minApprovals: 2 });
    await leave('carol', 'dave');
    await order.does(dave, 'approve');
    expect((await order.act(bob, 'approve')).status).toBe(403);
    expect((await order.does(carol, 'approve')).applyStatus).toBe('completed');
  });

  it('sequential: the next one is not kept waiting', async () => {
    const { order, leave } = await leaves('sequential');
    await leave('carol', 'dave');
    await order.does(carol, 'approve');
    expect(await order.turns()).toEqual(['dave']);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('somebody who is made inactive neither counts nor blocks, named or not', async () => {
    const order = await openOn({ users: codes, mode: 'all' });
    await given.user('carol', { active: false });
    await order.does(bob, 'approve');
    expect((await order.act(carol, 'approve')).status).toBe(403);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
    await given.user('carol', { active: true });
  });
});

describe('more approvals than people', () => {
  it('are refused by name of the stage, and nothing is stored', async () => {
    const [group, role] = [await givenGroup(['bob', 'carol']), await givenRole(['bob', 'carol'])];
    for (const stage of [{ groups: [group] }, { roles: [role] }]) {
      const { businessType } = await givenFlow(app, [
        { users: ['fay'] },
        { ...stage, mode: 'threshold', node: { minApprovals: 3, templateNodeName: '财务复核' } },
      ]);
      const before = await storedRows(app);
      const refused = await app.as(ann).post('/orders', { businessType });
      expect([refused.status, refused.body.code]).toEqual([422, 'approver_not_found']);
      expect(refused.body.detail).toMatch(/stage 2 "财务复核".*3 approvals.*2/);
      expect(await storedRows(app)).toEqual(before);
      const planned = await app.as(ann).post('/orders/preview', { businessType });
      expect(planned.body.steps[1]).toMatchObject({
        reason: 'approver_not_found',
        problem: refused.body.detail,
      });
    }
  });

  it('of people by name are refused when the node is made', async () => {
    const node = await app.as(boss).post('/nodes', {
      templateNodeName: 'too many',
      auditObjectType: 'user',
      auditObject: ['bob', 'carol'],
      minApprovals: 3,
    });
    expect([node.status, node.body.errors[0].field]).toEqual([400, 'minApprovals']);
  });

  it('under never the applicant is not one of them', async () => {
    const group = await givenGroup(['ann', 'bob', 'carol']);
    const flow = (minApprovals: number) =>
      givenFlow(app, [{ groups: [group], mode: 'threshold', node: { minApprovals } }], {
        autoApprove: 'never',
      });
    const refused = await app.as(ann).post('/orders', { businessType: (await flow(3)).businessType });
    expect([refused.status, refused.body.code]).toEqual([422, 'approver_not_found']);
    const order = await openActing(app, (await flow(2)).businessType);
    expect(await order.turns()).toEqual(['bob', 'carol']);
    expect(await order.refuses(ann, 'approve')).toBe('403 forbidden');
  });
});
