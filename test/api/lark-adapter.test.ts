import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApprovalAsk, OutsideAction, OutsideCancel } from '../../src/providers/provider.port.js';
import { type FakeLark, startFakeLark } from '../support/lark/fake-lark.js';
import { anAsk, anAttempt, connectionTo, failureOf, larkAlone } from '../support/lark/lark-adapter.js';

/** The adapter alone needs no database. */
describe.runIf(process.env.TEST_DIALECT === 'sqlite')('Feishu as a provider', () => {
  let lark: FakeLark;
  let adapter: ReturnType<typeof larkAlone>;

  beforeAll(async () => {
    lark = await startFakeLark();
    lark.people.join('ann-there');
    adapter = larkAlone();
  });
  beforeEach(() => lark.faults.forget());
  afterAll(async () => {
    await adapter.close();
    await lark.close();
  });

  const creating = /^POST .*\/v4\/instances$/;
  const reading = /^GET .*\/v4\/instances\//;
  const to = (settings: object = {}) => connectionTo(lark, { ...settings });
  const create = (ask: ApprovalAsk, settings: object = {}) =>
    adapter.provider.create(to(settings), ask, anAttempt());
  const observe = (id: string, settings: object = {}) =>
    adapter.provider.observe(to(settings), id, anAttempt());

  /** An approval that was asked for, in a flow of one reviewer unless told otherwise. */
  async function given(definition: Parameters<FakeLark['define']>[0] = {}) {
    const { code } = lark.define({ nodes: [{ name: '审批', approvers: ['lee'] }], ...definition });
    const ask = anAsk(code);
    const { externalId } = await create(ask);
    if (externalId === null) throw new Error('no instance code');
    return { code, ask, externalId };
  }

  const act = (
    action: Partial<OutsideAction> & Pick<OutsideAction, 'externalId' | 'taskId'>,
    settings = {},
  ) =>
    adapter.provider.act(
      to(settings),
      { formCode: null, actor: null, decision: 'approve', comment: '检查成功。', ...action },
      anAttempt(),
    );
  const cancelled = (externalId: string, more: Partial<OutsideCancel> = {}) =>
    adapter.provider.cancel(
      to(),
      {
        externalId,
        key: 'order.1',
        formCode: null,
        applicant: null,
        orderId: 'order',
        reason: 'not needed',
        time: new Date(),
        ...more,
      },
      anAttempt(),
    );

  const failing = (call: Promise<unknown>) => failureOf(lark, call);

  describe('create', () => {
    it('given a relation, then the form is filled in by widgets of that name, and the key is its uuid', async () => {
      const { code, ask, externalId } = await given();
      const instance = lark.instance(externalId);
      expect(instance).toMatchObject({ uuid: ask.key, userId: 'ann-there', status: 'PENDING' });
      expect(instance.filled).toEqual([
        { id: 'widget16510509704570001', type: 'textarea', value: 'wants in' },
        { id: 'widget16510509704570002', type: 'number', value: 7 },
        { id: 'widget16510509704570003', type: 'radioV2', value: 'kx1-prod' },
      ]);
      expect(lark.callsTo(creating).at(-1)?.body).toMatchObject({
        approval_code: code,
        title: '@i18n@title',
      });
      expect(lark.callsTo(creating).at(-1)?.headers.authorization).toMatch(/^Bearer t-/);
    });

    it('given it is asked twice, or its answer is lost, then there is one approval', async () => {
      const { ask, externalId } = await given();
      expect(await create({ ...ask, again: true })).toEqual({ externalId });
      const lost = anAsk(lark.define({}).code);
      lark.faults.plan(creating, { kind: 'close_after' });
      expect((await failing(create(lost))).details.permanent).toBeUndefined();
      const again = await create({ ...lost, again: true });
      expect(again.externalId).toBe(lark.instance(lost.key).code);
      expect(lark.native.instances.filter(({ uuid }) => uuid === lost.key)).toHaveLength(1);
    });

    it('given a uuid that is known and an instance that is not, then its event will tell', async () => {
      const { ask } = await given();
      lark.faults.plan(reading, { kind: 'code', code: 1390003, status: 400 });
      expect(await create(ask)).toEqual({ externalId: null });
    });

    it('given open ids, then the applicant is named by one', async () => {
      const { code } = lark.define({});
      const ask = anAsk(code, { applicant: { userCode: 'ann', externalId: 'ou_ann-there' } });
      const { externalId } = await create(ask, { userIdType: 'open_id' });
      expect((await observe(externalId ?? '', { userIdType: 'open_id' }))?.applicant).toBe('ou_ann-there');
    });

    it.each([
      [
        'an applicant without an identity',
        { applicant: { userCode: 'zoe', externalId: null } },
        'zoe has no identity',
      ],
      ['an identity of nobody', { applicant: { userCode: 'zoe', externalId: 'gone' } }, '1390004'],
      ['no form', { form: null }, 'business type grant has no approval definition'],
      ['a required field that is missing', { fields: {} }, '申请原因'],
      ['a value that no option has', { fields: { reason: 'r', environment: '预发' } }, '测试, 生产'],
    ])('given %s, then it fails for good and says what to do', async (_what, more, words) => {
      const { code } = lark.define({});
      const failure = await failing(create(anAsk(code, more)));
      expect(failure.message).toContain(words);
      expect(failure.details.permanent).toBe(true);
    });

    it('given a definition that nobody knows, that is stopped, or deleted, then it fails for good', async () => {
      const { code } = lark.define({});
      const why = async () => {
        const { message, details } = await failing(create(anAsk(code)));
        return `${details.permanent === true} ${message}`;
      };
      const unknown = await failing(create(anAsk('nothing')));
      expect([unknown.details.permanent, unknown.details.vendorCode]).toEqual([true, 1390002]);
      lark.native.definition(code).status = 'INACTIVE';
      expect(await why()).toMatch(/^true .*1390015.*已停用/);
      lark.native.definition(code).status = 'DELETED';
      expect(await why()).toMatch(/^true .*1390016/);
    });
  });

  describe('observe', () => {
    it('given people who decide, hand over and send back, then it is seen as it stands', async () => {
      const { externalId } = await given({
        nodes: [
          { name: 'check_node', approvers: ['assistant'] },
          { name: '主管', approvers: ['lee', 'kim'] },
          { name: '总监', approvers: ['wang', 'zhao'], type: 'OR' },
          { name: 'execute_node', approvers: ['assistant'] },
        ],
      });
      const summary = async () => {
        const seen = await observe(externalId);
        const tasks = seen?.tasks.map(({ nodeName, externalId: who, status, ours }) =>
          [nodeName, who, status, ours].filter((part) => part !== null).join(' '),
        );
        return { status: seen?.status, decidedBy: seen?.decidedBy, comment: seen?.comment, tasks };
      };
      expect(await summary()).toEqual({
        status: 'pending',
        decidedBy: null,
        comment: null,
        tasks: ['check_node assistant pending check'],
      });
      lark.act.approve(externalId, 'assistant', '检查成功。');
      lark.act.transfer(externalId, 'kim', 'park');
      lark.act.approve(externalId, 'lee', 'yes');
      lark.act.approve(externalId, 'park', 'me too');
      lark.act.rollback(externalId, 'zhao', '主管');
      expect((await summary()).tasks).toEqual([
        'check_node assistant approved check',
        '主管 lee approved',
        '主管 kim transferred',
        '主管 park approved',
        '总监 wang ended',
        '总监 zhao ended',
        '主管 lee pending',
        '主管 kim pending',
      ]);
      lark.act.approve(externalId, 'lee');
      lark.act.approve(externalId, 'kim');
      lark.act.approve(externalId, 'wang', 'at last');
      expect(await summary()).toMatchObject({ status: 'pending', decidedBy: 'wang', comment: 'at last' });
      lark.act.approve(externalId, 'assistant', '执行成功。');
      expect(await summary()).toMatchObject({ status: 'approved', decidedBy: 'wang', comment: 'at last' });
      lark.act.revert(externalId);
      expect((await summary()).status).toBe('withdrawn');
    });

    it.each([
      ['reject', 'rejected'],
      ['cancel', 'withdrawn'],
      ['delete', 'gone'],
    ] as const)('given a %s, then it is %s', async (end, status) => {
      const { externalId, ask } = await given();
      if (end === 'reject') lark.act.reject(externalId, 'lee', 'too early');
      else lark.act[end](externalId);
      const seen = await observe(externalId);
      expect(seen).toMatchObject({ status, key: ask.key, externalId, title: '管理后台权限申请' });
      expect(seen?.comment).toBe(end === 'reject' ? 'too early' : null);
    });

    it('given a node without people, then its task is nobody’s and passes', async () => {
      const { externalId } = await given({ nodes: [{ name: '抄送', approvers: [] }] });
      expect(await observe(externalId)).toMatchObject({
        status: 'approved',
        decidedBy: null,
        tasks: [{ status: 'approved', externalId: null }],
      });
    });

    it('given an instance that Feishu does not know, then it is null', async () => {
      expect(await observe('nothing')).toBeNull();
      expect(await observe('../approvals/x?y')).toBeNull();
    });

    it('given that user ids are kept back, then the failure names the permission; open ids do without', async () => {
      const { externalId } = await given();
      lark.access.scopes.delete('contact:user.employee_id:readonly');
      const failure = await failing(observe(externalId));
      expect((await observe(externalId, { userIdType: 'open_id' }))?.applicant).toBe('ou_ann-there');
      lark.access.scopes.add('contact:user.employee_id:readonly');
      expect(failure.message).toContain('contact:user.employee_id:readonly');
      expect(failure.details.permanent).toBe(true);
    });
  });

  describe('act', () => {
    const checked = {
      nodes: [
        { name: 'check_node', approvers: ['assistant'] },
        { name: '审批', approvers: ['lee'] },
      ],
    };
    const taskOf = (id: string) => lark.waiting(id)[0]?.id ?? '';

    it('given our task, then the assistant answers it with the words, by either kind of id', async () => {
      const { code, externalId } = await given(checked);
      const taskId = taskOf(externalId);
      expect(await act({ externalId, taskId, formCode: code, comment: '检查成功。' })).toBe('done');
      expect(lark.instance(externalId).timeline.at(-1)).toMatchObject({
        type: 'PASS',
        userId: 'assistant',
        comment: '检查成功。',
      });
      const other = await given(checked);
      const rejecting = { externalId: other.externalId, taskId: taskOf(other.externalId), comment: '' };
      const open = { assistantUserId: 'ou_assistant' };
      expect(await act({ ...rejecting, decision: 'reject' }, open)).toBe('done');
      expect(lark.instance(other.externalId).status).toBe('REJECTED');
    });

    it('given a task that was decided by hand, or never was, then it is decided already', async () => {
      const { externalId } = await given(checked);
      const taskId = taskOf(externalId);
      lark.act.approve(externalId, 'assistant');
      expect(await act({ externalId, taskId })).toBe('already_decided');
      expect(await act({ externalId, taskId: 'nothing' })).toBe('already_decided');
      expect(await act({ externalId: 'nothing', taskId })).toBe('already_decided');
    });

    it('given somebody else’s task, then it fails for good with a hint', async () => {
      const { externalId } = await given();
      const failure = await failing(act({ externalId, taskId: taskOf(externalId) }));
      expect(failure.details).toMatchObject({ permanent: true, vendorCode: 1390009, status: 403 });
      expect(failure.message).toContain('is the person the one whose task it is');
      expect(await act({ externalId, taskId: taskOf(externalId), actor: 'lee' })).toBe('done');
    });

    it('given another refusal of a task that waits no longer, then it is decided already', async () => {
      const { externalId } = await given(checked);
      const taskId = taskOf(externalId);
      const refusal = { kind: 'code', code: 1390001, status: 400 } as const;
      lark.faults.plan(/tasks\/approve$/, refusal);
      expect((await failing(act({ externalId, taskId }))).details.permanent).toBe(true);
      lark.act.approve(externalId, 'assistant');
      lark.faults.plan(/tasks\/approve$/, refusal);
      expect(await act({ externalId, taskId })).toBe('already_decided');
    });

    it('given no assistant, then it says so', async () => {
      const { externalId } = await given(checked);
      const acting = act({ externalId, taskId: taskOf(externalId) }, { assistantUserId: undefined });
      expect((await failing(acting)).message).toContain('assistantUserId is not set');
    });
  });

  describe('cancel', () => {
    it('given an approval under way, then its applicant withdraws it; afterwards it is over already', async () => {
      const { externalId } = await given();
      expect(await cancelled(externalId)).toBe('cancelled');
      expect(lark.instance(externalId).status).toBe('CANCELED');
      expect(await cancelled(externalId)).toBe('already_over');
      expect(await cancelled('nothing')).toBe('already_over');
    });

    it('given it was approved, then it is left as it is: to withdraw would open it again there', async () => {
      const { externalId } = await given();
      lark.act.approve(externalId, 'lee');
      const before = lark.callsTo(/cancel$/).length;
      expect(await cancelled(externalId)).toBe('already_over');
      expect(lark.callsTo(/cancel$/)).toHaveLength(before);
    });

    it('given a definition that allows no withdrawal, then the failure says where it is allowed', async () => {
      const { externalId } = await given();
      lark.faults.plan(/cancel$/, { kind: 'code', code: 1390001, status: 400 });
      expect((await failing(cancelled(externalId))).message).toContain('允许撤销审批中的申请');
    });
  });
});
