import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SharedClock } from '../../src/database/shared-clock.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { type Acting, fay, givenCrew, openActing } from '../support/acting.js';
import { givenPeople, givenStandIn, someone } from '../support/delegations.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import {
  ann,
  bob,
  boss,
  carol,
  dave,
  eve,
  givenFlow,
  path,
  root,
  type StageGiven,
} from '../support/world.js';

/** What `GET /orders/{id}/explain` answers, as far as these tests look at it. */
interface Shown {
  readonly language: string;
  readonly applyStatus: string;
  readonly template: { readonly id: string; readonly name: string; readonly version: number | null };
  readonly policies: Readonly<Record<string, { readonly value: unknown; readonly sentence: string }>>;
  readonly summary: string;
  readonly because: readonly { readonly rule: string; readonly text: string; readonly at: string | null }[];
  readonly steps: readonly {
    readonly applyStep: number;
    readonly nodeId: string;
    readonly nodeVersion: number | null;
    readonly auditStatus: string;
    readonly outcome: string;
    readonly sentence: string;
    readonly waitsFor: object | null;
    readonly because: readonly {
      readonly rule: string;
      readonly text: string;
      readonly at: string;
      readonly by: string;
      readonly data: Readonly<Record<string, unknown>>;
    }[];
    readonly earlier: readonly { readonly round: number; readonly text: string }[];
  }[];
}

let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
});
afterAll(() => app.close());

type Options = Parameters<typeof givenFlow>[2];
const openOn = async (
  stages: readonly StageGiven[],
  options: Options = {},
  more: object = {},
): Promise<Acting> => openActing(app, (await givenFlow(app, stages, options)).businessType, more);

async function explained({ id }: Acting, query = '?lang=en', who: TestUser = ann): Promise<Shown> {
  const { status, body } = await app.as(who).get(`/orders/${id}/explain${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Shown;
}

/** The sentences on a step. */
const texts = ({ steps }: Shown, applyStep: number): string[] =>
  steps.find((step) => step.applyStep === applyStep)?.because.map(({ text }) => text) ?? [];
const rules = ({ steps }: Shown, applyStep: number): string[] =>
  steps.find((step) => step.applyStep === applyStep)?.because.map(({ rule }) => rule) ?? [];

describe('GET /orders/{id}/explain', () => {
  it('tells of conditions the values that they saw, and of which versions the order is a copy', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [
      { users: ['bob'], condition: 'amount > 100' },
      { users: ['carol'], condition: 'amount > 1000 or order.urgent' },
      { users: ['dave'] },
    ]);
    const variables = { amount: 500, order: { urgent: false } };
    const shown = await explained(await openActing(app, businessType, { variables }));
    expect(shown).toMatchObject({
      applyStatus: 'in_review',
      template: { id: templateId, version: 1 },
      policies: {
        autoApprove: { value: 'through_applicant_node' },
        dedupe: { value: 'none' },
        distinctApprovers: { value: false },
      },
      because: [{ rule: 'opened', at: expect.any(String) }],
      steps: [
        {
          nodeId: nodeIds[0],
          nodeVersion: 1,
          outcome: 'under_review',
          sentence: 'under review: waits for bob',
          waitsFor: {
            people: [{ userCode: 'bob' }],
            groups: [],
            roles: [],
            given: 0,
            needed: 1,
            dueAt: null,
          },
          because: [
            { rule: 'condition', data: { holds: true, values: { amount: 500 } }, by: 'ann' },
            { rule: 'named' },
            { rule: 'mode' },
          ],
        },
        { outcome: 'skipped_by_condition', waitsFor: null },
        { outcome: 'waiting', sentence: 'waits for its turn', because: [] },
      ],
    });
    expect(texts(shown, 2)).toEqual([
      'the condition amount > 1000 or order.urgent does not hold: amount = 500, order.urgent = false',
      'so the step is skipped',
    ]);
    expect(shown.summary).toMatch(/^step 1 ".*" of 3 is under review: waits for bob$/);
  });

  it('tells why a leader was found, and why those whom a restriction keeps', async () => {
    await given.department('head', { leader: 'gus' });
    await given.department('lab', { parent: 'head', leader: 'fay' });
    await given.user('ann', { department: 'lab' });
    await given.user('carol', { department: 'head' });
    await given.group('signers', ['bob', 'carol']);
    const leader = { node: { auditObjectType: 'leader', auditObject: ['1'] } };
    const near = { groups: ['signers'], node: { restrictTo: 'department_chain' } };
    const acting = await openOn([leader, near]);
    const first = await explained(acting);
    expect(texts(first, 1)[0]).toBe('its rule finds fay (leader of department lab (level 1 above ann))');
    expect(first.steps[0]?.because[0]?.data).toEqual({
      people: [{ userCode: 'fay', rule: 'leader', of: 'lab', level: 1 }],
      total: 1,
    });
    await acting.does(fay, 'approve');
    expect(texts(await explained(acting), 2)[0]).toBe(
      'its rule finds carol (in group signers; in department head (level 2 above ann))',
    );
    expect(texts(await explained(acting, '?lang=zh'), 2)[0]).toBe(
      '按规则找到 carol（属于用户组 signers，在部门 head（ann 的第 2 级上级部门））',
    );
  });

  it('names the group that is asked as it is, and nobody in it', async () => {
    await given.group('finance', ['bob', 'carol']);
    const acting = await openOn([{ groups: ['finance'] }]);
    const shown = await explained(acting);
    expect(shown.steps[0]).toMatchObject({
      sentence: 'under review: waits for the members of group finance',
      waitsFor: { people: [], groups: ['finance'] },
    });
    expect(rules(shown, 1)).toEqual(['as_they_are', 'mode']);
    await acting.does(carol, 'approve');
    expect((await explained(acting)).steps[0]).toMatchObject({
      outcome: 'approved',
      sentence: 'approved by carol',
    });
  });

  it('tells which policy passed a step, and upon whose approval', async () => {
    const own = await explained(await openOn([{ users: ['bob'] }, { users: ['ann'] }, { users: ['dave'] }]));
    expect([rules(own, 1), rules(own, 2)]).toEqual([['before_applicant_node'], ['applicant_node']]);
    expect(own.steps[0]?.outcome).toBe('approved_by_policy');

    const twice = await openOn([{ users: ['bob'] }, { users: ['bob'] }], { dedupe: 'all' });
    await twice.does(bob, 'approve');
    const repeated = await explained(twice);
    expect(repeated.steps[1]?.outcome).toBe('approved_as_repeat');
    expect(texts(repeated, 2)).toEqual(['it passes by itself: bob has approved before (step 1)']);

    const never = await explained(
      await openOn([{ users: ['ann', 'bob'], mode: 'all' }], { autoApprove: 'never' }),
    );
    expect(texts(never, 1)).toContain('ann is not asked: nobody decides their own order');
    expect(never.policies['autoApprove']).toMatchObject({ value: 'never' });
  });

  it('tells what the policy for nobody found did', async () => {
    const nobody = { node: { auditObjectType: 'leader', auditObject: ['9'], whenNobody: 'skip' } };
    const admin = { node: { auditObjectType: 'leader', auditObject: ['9'], whenNobody: 'admin' } };
    const shown = await explained(await openOn([nobody, admin]));
    expect(shown.steps.map(({ outcome }) => outcome)).toEqual(['skipped_as_nobody_found', 'under_review']);
    expect(rules(shown, 2)).toEqual(['asks_admin', 'mode']);
  });

  it('says once whom it asks since its reviewer has gone', async () => {
    const node = { whenNobody: 'fallback', fallback: ['dave'] };
    const acting = await openOn([{ users: ['bob'], node }]);
    await given.user('bob', { active: false });
    await expect.poll(() => acting.turns()).toEqual(['dave']);
    expect(texts(await explained(acting), 1)).toEqual([
      'it asks bob: named by the node',
      'the first decision decides',
      'too few reviewers were found; as its node says then, it asks dave',
    ]);
    await given.user('bob', { active: true });
    await acting.does(dave, 'approve');
    expect(texts(await explained(acting, '?lang=zh'), 1).at(-1)).toBe('dave 通过；该步骤所需的审批已齐全');
  });

  it('counts votes and transfers, and says what is still needed', async () => {
    const stage = { users: ['bob', 'carol', 'dave'], mode: 'threshold', node: { minApprovals: 2 } } as const;
    const acting = await openOn([stage]);
    await acting.does(bob, 'transfer', { toUserCode: 'fay', auditMsg: 'on leave' });
    await acting.does(fay, 'approve', { auditMsg: 'fine' });
    const shown = await explained(acting);
    expect(shown.steps[0]?.sentence).toBe('under review: waits for carol, dave; 1 of 2 approvals so far');
    expect(texts(shown, 1).slice(-2)).toEqual([
      'bob hands it over to fay: on leave',
      'fay approves: fine; 1 of 2 approvals so far',
    ]);
    await acting.does(dave, 'approve');
    expect((await explained(acting)).steps[0]?.sentence).toBe('approved by dave, fay');
  });

  it('tells only briefly of rounds before the last', async () => {
    const acting = await openOn(
      [{ users: ['bob'], condition: 'amount > 5' }, { users: ['carol'] }],
      {},
      { variables: { amount: 10 } },
    );
    await acting.does(bob, 'approve');
    await acting.does(carol, 'return', { toStep: 0, resume: 'again', auditMsg: 'too much' });
    const waiting = await explained(acting);
    expect(waiting.summary).toBe(
      'returned by carol from step 2: it waits for ann to resubmit or withdraw it',
    );
    await acting.does(ann, 'resubmit', { variables: { amount: 3 } });
    const shown = await explained(acting);
    expect(shown.steps[0]).toMatchObject({
      outcome: 'skipped_by_condition',
      because: [{ rule: 'condition', data: { values: { amount: 3 }, holds: false } }, { rule: 'skipped' }],
      earlier: [{ round: 1, text: 'approved by bob; then carol returned the order to its applicant' }],
    });
    expect(shown.because.map(({ rule }) => rule)).toEqual(['opened', 'returned', 'resubmitted']);
  });

  it('names who stands in and for whom, to everybody and to can-act', async () => {
    await givenPeople(app, ['hal', 'ida']);
    const delegation = await givenStandIn(app.as(someone('hal')), 'ida');
    const acting = await openOn([{ users: ['hal'] }]);
    const shown = await explained(acting);
    expect(shown.steps[0]).toMatchObject({
      sentence: 'under review: waits for ida (for hal)',
      waitsFor: { people: [{ userCode: 'ida', onBehalfOf: 'hal' }] },
    });
    expect(texts(shown, 1)).toContain(`ida stands in for hal, who has delegated (delegation ${delegation})`);
    const may = await app.as(someone('ida')).get(`/orders/${acting.id}/can-act?lang=zh`);
    expect(may.body).toMatchObject({ canAct: true, word: 'assignee', onBehalfOf: 'hal' });
    expect(may.body.reason).toContain('代 hal 审批');
    const mayNot = await app.as(someone('hal')).get(`/orders/${acting.id}/can-act`);
    expect(mayNot.body).toMatchObject({ canAct: false, word: 'delegated', onBehalfOf: null });
    await acting.does(someone('ida'), 'approve');
    expect(texts(await explained(acting), 1).at(-1)).toBe(
      'ida approves for hal; the step has all that it needs',
    );
  });

  it('tells until when a step is due, and that its time decided it', async () => {
    const clock = app.get(SharedClock);
    const real = clock.now.bind(clock);
    let ahead = 0;
    clock.now = async (sql) => (await real(sql)) + ahead;
    const timing = { due: '2h', then: 'auto_approve' };
    const acting = await openOn([{ users: ['bob'], timing }, { users: ['carol'] }]);
    const due = await explained(acting);
    expect(due.steps[0]?.sentence).toMatch(/^under review: waits for bob; due on \d{4}-\d\d-\d\d .* UTC$/);
    expect(rules(due, 1)).toContain('due');
    ahead = 3 * 3_600_000;
    await expect
      .poll(async () => (await explained(acting)).steps[0]?.outcome, { timeout: 10_000 })
      .toBe('approved_by_time');
    expect(texts(await explained(acting), 1).at(-1)).toBe('it was not decided in time, and passes by that');
    clock.now = real;
  });

  it('answers in the language of ?lang, else of Accept-Language, else in English', async () => {
    const acting = await openOn([{ users: ['bob'] }]);
    const asked = async (query: string, accepted?: string): Promise<string> => {
      const headers: Record<string, string> = accepted === undefined ? {} : { 'accept-language': accepted };
      const { body } = await app.as(ann).get(`/orders/${acting.id}/explain${query}`, headers);
      return `${body.language}: ${body.steps[0].sentence}`;
    };
    const [en, zh] = ['en: under review: waits for bob', 'zh: 审核中：等待 bob'];
    expect(await asked('?lang=zh', 'en')).toBe(zh);
    expect(await asked('', 'zh-CN,zh;q=0.9,en;q=0.8')).toBe(zh);
    expect(await asked('', 'en-GB,en;q=0.9,zh;q=0.8')).toBe(en);
    expect(await asked('', 'fr, zh-TW;q=0.2')).toBe(zh);
    expect(await asked('', 'fr')).toBe(en);
    expect(await asked('')).toBe(en);
    const wrong = await app.as(ann).get(`/orders/${acting.id}/explain?lang=fr`);
    expect([wrong.status, wrong.body.errors[0].field]).toEqual([400, 'lang']);
  });

  it('is for whoever may read the order; another team knows nothing of it', async () => {
    const acting = await openOn([{ users: ['bob'] }]);
    const call = async (who: TestUser | null): Promise<number> =>
      (await app.as(who).get(`/orders/${acting.id}/explain`)).status;
    for (const who of [ann, bob, boss, root]) expect(await call(who), who.sub).toBe(200);
    expect(await call(dave)).toBe(403);
    expect(await call(eve)).toBe(404);
    expect(await call(null)).toBe(401);
    expect((await app.as(ann).get('/orders/none/explain')).status).toBe(404);
  });

  it('explains an order whose log says nothing of values, reasons or versions', async () => {
    await given.department('old', { leader: 'fay' });
    await given.user('ann', { department: 'old' });
    const leader = { node: { auditObjectType: 'leader', auditObject: ['1'] }, condition: 'amount > 5' };
    const acting = await openOn([leader], {}, { variables: { amount: 10 } });
    const rows = await app.database.rows<{ id: string; operation_data: string }>(
      'SELECT id, operation_data FROM dms_s_apply_order_log WHERE apply_order_id = ?',
      [acting.id],
    );
    await app.get(UnitOfWork).run(async (tx) => {
      for (const { id, operation_data } of rows) {
        const { saw: _saw, why: _why, templateVersion: _version, ...old } = JSON.parse(operation_data);
        const change = 'UPDATE dms_s_apply_order_log SET operation_data = ? WHERE id = ?';
        await tx.run(change, [JSON.stringify(old), id]);
      }
    });
    const shown = await explained(acting);
    expect(texts(shown, 1).slice(0, 2)).toEqual([
      'the condition amount > 5 holds; the values that it saw are not recorded',
      'its rule finds fay; why each of them is not recorded',
    ]);
    expect(shown.because[0]?.text).toContain('whose version is not recorded');
  });

  it('never shows the address of a resolver', async () => {
    const secret = 'http://erp.test:1/approvers?token=hush';
    const acting = await openOn([
      { node: { auditObjectType: 'resolver', auditObject: [secret] }, condition: '0' },
      { users: ['bob'] },
    ]);
    for (const lang of ['en', 'zh']) {
      expect(JSON.stringify(await explained(acting, `?lang=${lang}`, boss))).not.toContain('hush');
    }
  });
});

describe('GET /orders/{id}/can-act', () => {
  it('answers a stable word, and the reason in both languages', async () => {
    const acting = await openOn([{ users: ['bob'] }, { users: ['carol'] }]);
    const ask = async (who: TestUser, query = '') =>
      (await app.as(who).get(`/orders/${acting.id}/can-act${query}`)).body;
    const { steps } = await acting.order();
    const name = steps[0]?.nodeName;
    expect(await ask(bob)).toEqual({
      canAct: true,
      reason: `you are a reviewer of step 1 "${name}"`,
      word: 'assignee',
      reasons: {
        en: `you are a reviewer of step 1 "${name}"`,
        zh: `您是第 1 步“${name}”的审批人`,
      },
      onBehalfOf: null,
    });
    expect(await ask(carol, '?lang=zh')).toMatchObject({
      canAct: false,
      reason: `您不是第 1 步“${name}”的审批人`,
      word: 'not_reviewer',
    });
    expect(await ask(root)).toMatchObject({ canAct: true, word: 'system_admin' });
    await acting.does(bob, 'approve');
    expect(await ask(bob, '?lang=zh')).toMatchObject({
      word: 'step_passed',
      reason: `第 1 步“${name}”已通过，您的部分已经结束`,
    });
    await acting.does(carol, 'reject');
    expect(path(await acting.order())).toEqual(['approved', 'rejected']);
    expect(await ask(carol)).toMatchObject({
      word: 'order_ended',
      reasons: { zh: expect.stringContaining('已驳回') },
    });
  });
});
