import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acting, closeTold, crew, givenCrew, openActing, storedRows } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, boss, created, eve, givenFlow, root, type StageGiven } from '../support/world.js';

/** What would happen, told before it does: nothing is stored, and the opening then does just that. */
let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  const given = directoryOf(app.as(root));
  await givenCrew(app);
  await given.user('away', { active: false });
  await given.department('shop', { leader: 'bob' });
  for (const code of ['ann', 'bob']) await given.user(code, { department: 'shop' });
  for (const code of ['carol', 'dave']) await given.user(code, { roles: ['clerk'] });
  await given.group('desk', ['bob', 'carol']);
  await given.group('deserted', []);
});
afterAll(() => closeTold(app));

interface Planned {
  readonly outcome: 'review' | 'auto_approved' | 'skipped';
  readonly reason: string;
  readonly approvers: readonly string[];
  readonly problem: string | null;
}

interface Flow {
  readonly stages: readonly StageGiven[];
  readonly options?: { readonly autoApprove?: string; readonly dedupe?: string };
  readonly body?: object;
  /** Of each step: outcome, reason and people. */
  readonly plan: readonly string[];
}

const rule = (node: object): StageGiven => ({ node: node as StageGiven['node'] });
const leader = (level: number, more: object = {}): StageGiven =>
  rule({ auditObjectType: 'leader', auditObject: [String(level)], ...more });
const bobs: StageGiven = { users: ['bob'] };
const carols: StageGiven = { users: ['carol'] };

const flows: Readonly<Record<string, Flow>> = {
  'people by name': {
    stages: [{ users: ['bob', 'carol'] }, carols],
    plan: ['review: bob carol', 'review: carol'],
  },
  'inactive people': { stages: [{ users: ['away', 'bob'], mode: 'all' }], plan: ['review: bob'] },
  'a group and a role': {
    stages: [{ groups: ['desk'] }, { roles: ['clerk'] }],
    plan: ['review: bob carol', 'review: carol dave'],
  },
  'a group of which all must approve': {
    stages: [{ groups: ['desk'], mode: 'all' }],
    plan: ['review: bob carol'],
  },
  'a threshold and a sequence': {
    stages: [
      { users: ['bob', 'carol', 'dave'], mode: 'threshold', node: { minApprovals: 2 } },
      { users: ['dave', 'bob'], mode: 'sequential' },
    ],
    plan: ['review: bob carol dave', 'review: dave bob'],
  },
  'conditions that hold and do not': {
    stages: [{ ...bobs, condition: 'amount > 10' }, { ...carols, condition: 'amount <= 10' }, bobs],
    body: { variables: { amount: 5 } },
    plan: ['skipped condition_false', 'review: carol', 'review: bob'],
  },
  'nothing to review': {
    stages: [{ ...bobs, condition: '0' }],
    plan: ['skipped condition_false'],
  },
  'a leader': { stages: [leader(1), carols], plan: ['review: bob', 'review: carol'] },
  'nobody found, and skipped': {
    stages: [
      leader(2, { whenNobody: 'skip' }),
      rule({ auditObjectType: 'group', auditObject: ['deserted'], whenNobody: 'skip' }),
      bobs,
    ],
    plan: ['skipped nobody_found', 'skipped nobody_found', 'review: bob'],
  },
  'nobody found, and administrators asked': {
    stages: [leader(2, { whenNobody: 'admin' }), bobs],
    plan: ['review asks_admin', 'review: bob'],
  },
  'nobody found, and others asked': {
    stages: [leader(2, { whenNobody: 'fallback', fallback: ['away', 'fay', 'gus'] }), bobs],
    plan: ['review asks_fallback: fay gus', 'review: bob'],
  },
  'people of the applicant’s department': {
    stages: [{ users: ['bob', 'carol'], node: { restrictTo: 'department' } }],
    plan: ['review: bob'],
  },
  'a choice of the applicant': {
    stages: [rule({ auditObjectType: 'applicant_choice', auditObject: [] }), bobs],
    body: { chosenApprovers: ['gus', 'fay'] },
    plan: ['review: gus fay', 'review: bob'],
  },
  'the applicant’s own node': {
    stages: [bobs, { users: ['ann', 'dave'] }, carols],
    plan: ['auto_approved before_applicant_node', 'auto_approved applicant_node', 'review: carol'],
  },
  'the applicant’s own node at the end': {
    stages: [bobs, { users: ['ann'] }],
    plan: ['auto_approved before_applicant_node', 'auto_approved applicant_node'],
  },
  'the applicant’s own node when it is reached': {
    stages: [bobs, { users: ['ann', 'dave'] }, carols],
    options: { autoApprove: 'applicant_nodes' },
    plan: ['review: bob', 'auto_approved applicant_node', 'review: carol'],
  },
  'an applicant who never decides': {
    stages: [{ users: ['ann', 'bob'] }, { users: ['ann', 'carol'], mode: 'all' }],
    options: { autoApprove: 'never' },
    plan: ['review: bob', 'review: carol'],
  },
  'approvers who repeat': {
    stages: [bobs, { groups: ['desk'] }, carols, bobs],
    options: { dedupe: 'consecutive' },
    plan: ['review: bob', 'auto_approved repeat_approver', 'review: carol', 'review: bob'],
  },
  'approvers who repeat anywhere': {
    stages: [bobs, carols, { users: ['bob', 'carol'], mode: 'all' }, { users: ['dave'] }, bobs],
    options: { dedupe: 'all' },
    plan: [
      'review: bob',
      'review: carol',
      'auto_approved repeat_approver',
      'review: dave',
      'auto_approved repeat_approver',
    ],
  },
};

const preview = async (businessType: string, body: object = {}) => {
  const answer = await app.as(ann).post('/orders/preview', { businessType, ...body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as { templateId: string; steps: Planned[]; problems: string[] };
};

const told = ({ outcome, reason, approvers }: Planned): string =>
  [outcome, reason].filter(Boolean).join(' ') +
  (outcome === 'review' && approvers.length > 0 ? `: ${approvers.join(' ')}` : '');

/** Everybody decides whom the preview named, in its sequence, until the step has passed. */
async function pass(order: Acting, { approvers, reason }: Planned, applyStep: number): Promise<void> {
  const people =
    reason === 'asks_admin' ? [boss] : approvers.map((sub) => crew.find((one) => one.sub === sub));
  for (const who of people) {
    if ((await order.path())[applyStep - 1] !== 'in_review') return;
    await order.does(who ?? ann, 'approve');
  }
}

describe.each(Object.entries(flows))('%s', (_, { stages, options, body, plan }) => {
  it('is told without anything being stored, and happens so', async () => {
    const { businessType, templateId } = await givenFlow(app, stages, options ?? {});
    const before = await storedRows(app);
    const planned = await preview(businessType, body);
    expect(await storedRows(app)).toEqual(before);
    expect(planned.templateId).toBe(templateId);
    expect(planned.steps.map(told)).toEqual(plan);
    expect(planned.problems).toEqual([]);

    const order = await openActing(app, businessType, body);
    for (let passed = -1; ;) {
      const steps = (await order.order()).steps;
      const now = steps.findIndex((step) => step.auditStatus === 'in_review');
      if (now < 0) break;
      expect(now, `step ${now + 1} has passed`).toBeGreaterThan(passed);
      passed = now;
      const step = planned.steps[now] as Planned;
      expect(step.outcome).toBe('review');
      const turns = await order.turns();
      const asked =
        steps[now]?.requiredApprovals === 2 && turns.length === 1
          ? step.approvers.slice(0, 1)
          : step.approvers;
      expect(turns).toEqual(asked.toSorted());
      await pass(order, step, now + 1);
    }
    const done = await order.order();
    expect(done.applyStatus).toBe('completed');
    const became = { review: 'approved', auto_approved: 'auto_approved', skipped: 'skipped' } as const;
    expect(done.steps.map((step) => step.auditStatus)).toEqual(
      planned.steps.map(({ outcome }) => became[outcome]),
    );
    for (const [index, { outcome, reason }] of planned.steps.entries()) {
      if (outcome !== 'review') expect(done.steps[index]?.reason).toBe(reason);
    }
  });
});

describe('what is wrong', () => {
  it('given stages without reviewers, then each is named, as the opening would name the first', async () => {
    const { businessType } = await givenFlow(app, [
      bobs,
      { groups: ['deserted'], node: { templateNodeName: '总经理' } },
      leader(3),
    ]);
    const before = await storedRows(app);
    const { steps, problems } = await preview(businessType);
    expect(steps.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['review', ''],
      ['review', 'approver_not_found'],
      ['review', 'approver_not_found'],
    ]);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain('stage 2 "总经理"');
    expect(problems[1]).toContain('stage 3');
    const refused = await app.as(ann).post('/orders', { businessType });
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
      422,
      'approver_not_found',
      problems[0],
    ]);
    expect(await storedRows(app)).toEqual(before);
  });

  it('given variables that a condition asks for in vain, then it is told, and the stage is skipped', async () => {
    const { businessType } = await givenFlow(app, [
      bobs,
      { ...carols, condition: 'amount > 10 and 部门 = 1' },
    ]);
    const { steps, problems } = await preview(businessType, { variables: { other: 1 } });
    expect(steps[1]).toMatchObject({ outcome: 'skipped', reason: 'condition_false' });
    expect(problems.join('\n')).toMatch(/stage 2 .*amount/);
    expect(problems.join('\n')).toMatch(/stage 2 .*部门/);
    expect(await (await openActing(app, businessType)).path()).toEqual(['in_review', 'skipped']);
  });

  it('given a stage that finds nobody but is skipped by its condition, then nothing is wrong', async () => {
    const { businessType } = await givenFlow(app, [bobs, { groups: ['deserted'], condition: '0' }]);
    expect((await preview(businessType)).problems).toEqual([]);
    await openActing(app, businessType);
  });
});

describe('who may look ahead', () => {
  it('is who may open, with the same refusals', async () => {
    const { businessType } = await givenFlow(app, [bobs]);
    const ask = (who: Parameters<TestApp['as']>[0], body: object) =>
      app.as(who).post('/orders/preview', body);
    expect((await ask(null, { businessType })).status).toBe(401);
    expect((await ask(eve, { businessType })).status).toBe(404);
    expect((await ask(ann, { businessType: 'none' })).status).toBe(404);
    expect((await ask(ann, {})).status).toBe(400);
    expect((await ask(ann, { businessType, userCode: 'bob' })).status).toBe(403);
    expect((await ask(ann, { businessType, chosenApprovers: ['bob'] })).status).toBe(400);
    const { key } = await created(app.as(boss), '/api-keys', { name: 'erp', accCodes: ['t1'] });
    const service = app.key(String(key));
    expect((await service.post('/orders/preview', { businessType })).status).toBe(400);
    const planned = await service.post('/orders/preview', { businessType, userCode: 'bob' });
    expect(planned.body.steps[0]).toMatchObject({ outcome: 'auto_approved', reason: 'applicant_node' });
  });
});
