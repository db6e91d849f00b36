import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalAsk, OutsideAction } from '../../src/providers/provider.port.js';
import { ProviderFailure } from '../../src/providers/provider-failure.js';
import { adapterAlone, anAsk, anAttempt, connectionTo } from '../support/dingtalk/dingtalk-adapter.js';
import { type FakeDingTalk, startFakeDingTalk } from '../support/dingtalk/fake-dingtalk.js';

let dingtalk: FakeDingTalk;
let adapter: ReturnType<typeof adapterAlone>;
beforeAll(async () => {
  dingtalk = await startFakeDingTalk();
  adapter = adapterAlone();
});
afterAll(async () => {
  await adapter.close();
  await dingtalk.close();
});

const posted = /^POST .*\/processInstances$/;
const read = /^GET .*\/processInstances$/;
const create = (ask: ApprovalAsk, settings = {}) =>
  adapter.provider.create(connectionTo(dingtalk, settings), ask, anAttempt());
const observe = (id: string, settings = {}) =>
  adapter.provider.observe(connectionTo(dingtalk, settings), id, anAttempt());
/** How a call failed. */
async function failureOf(call: Promise<unknown>): Promise<ProviderFailure> {
  const error: unknown = await call.then(
    (answer) => new Error(`it did not fail: ${JSON.stringify(answer)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProviderFailure)) throw error;
  return error;
}
const instancesOf = (code: string) =>
  [...dingtalk.approvals.instances.values()].filter(({ template }) => template.code === code);

describe('an approval that DingTalk is asked for', () => {
  it('given a relation, then its widgets are filled in by name, with texts, and the key among them', async () => {
    const { code } = dingtalk.approvals.define({
      components: ['事由', '金额', '单号', '标签', '空'].map((name) => ({ name })),
    });
    const ask = anAsk(code, {
      fields: { reason: 'a rest', amount: 7, tags: ['a', 'b'], other: 1, empty: null },
      form: {
        id: 'f',
        code,
        name: '请假',
        relation: [
          { widget: '事由', apiKey: 'reason' },
          { widget: '金额', apiKey: 'amount' },
          { widget: '标签', apiKey: 'tags' },
          { widget: '空', apiKey: 'empty' },
          { widget: '空', apiKey: 'constructor' },
          { widget: '单号', apiKey: 'ticket_id' },
        ],
      },
    });
    const { externalId } = await create(ask, { departmentId: '42' });
    expect(Object.fromEntries(dingtalk.approvals.of(externalId).values)).toEqual({
      事由: 'a rest',
      金额: '7',
      标签: '["a","b"]',
      单号: ask.key,
    });
    expect(dingtalk.callsTo(posted).at(-1)?.body).toMatchObject({
      originatorUserId: 'ann-there',
      processCode: code,
      deptId: 42,
    });
    await create(anAsk(code, { form: { id: 'f', code, name: '请假', relation: null } }));
    expect(dingtalk.callsTo(posted).at(-1)?.body).toMatchObject({ deptId: -1, formComponentValues: [] });
  });

  it.each([
    ['no form', { form: null }, 'business type leave has no form'],
    [
      'an applicant without an identity',
      { applicant: { userCode: 'zoe', externalId: null } },
      'applicant zoe',
    ],
    ['a value that is too long', { fields: { reason: 'x'.repeat(65_536) } }, 'field reason'],
  ])('given %s, then it fails for good before anybody is asked', async (_, other, words) => {
    const { code } = dingtalk.approvals.define();
    const failure = await failureOf(create(anAsk(code, other)));
    expect(failure.message).toContain(words);
    expect(failure.details.permanent).toBe(true);
    expect(instancesOf(code)).toHaveLength(0);
  });

  it.each([
    ['a template that is gone', () => anAsk('PROC-GONE'), 'processCodeError'],
    [
      'somebody who has left',
      () => anAsk(dingtalk.approvals.define().code, { applicant: { userCode: 'x', externalId: 'left' } }),
      'processInstanceInvalidParameter',
    ],
    [
      'a widget that the form does not have',
      () => anAsk(dingtalk.approvals.define({ components: [{ name: '事由' }] }).code),
      'formConverterError',
    ],
  ])('given %s, then it fails for good, in the words of DingTalk', async (_, ask, code) => {
    const failure = await failureOf(create(ask()));
    expect(failure.details).toMatchObject({ status: 400, vendorCode: code, permanent: true });
    expect(failure.message).toContain(code);
  });
});

describe('an approval that is asked for again', () => {
  it('given the answer was lost, then the one that came into being is found by its key, among many', async () => {
    const { code } = dingtalk.approvals.define();
    for (let other = 0; other < 25; other++) {
      dingtalk.approvals.start(code, 'ann-there', { 事由: 'a rest', 金额: '7', 单号: `another ${other}` });
    }
    const ask = anAsk(code);
    dingtalk.plan(posted, { kind: 'lost' });
    expect((await failureOf(create(ask))).details.permanent).toBeUndefined();
    const { externalId } = await create({ ...ask, again: true });
    expect(dingtalk.approvals.of(externalId).values.get('单号')).toBe(ask.key);
    expect(instancesOf(code)).toHaveLength(26);
  });

  it('given nothing had arrived, then it is asked for', async () => {
    const { code } = dingtalk.approvals.define();
    const ask = anAsk(code);
    dingtalk.plan(posted, { kind: 'code', code: 'systemError', status: 500 });
    await failureOf(create(ask));
    await create({ ...ask, again: true });
    expect(instancesOf(code)).toHaveLength(1);
  });

  it('given somebody else has written the key, then that is not taken for it', async () => {
    const { code } = dingtalk.approvals.define();
    const ask = anAsk(code, { again: true });
    const theirs = dingtalk.approvals.start(code, 'bob-there', { 事由: 'a rest', 金额: '7', 单号: ask.key });
    expect((await create(ask)).externalId).not.toBe(theirs.id);
  });

  it('given the applicant has written the key on another form, then somebody has to look', async () => {
    const { code } = dingtalk.approvals.define();
    const ask = anAsk(code, { again: true });
    const forged = dingtalk.approvals.start(code, 'ann-there', { 事由: 'a rest', 金额: '1', 单号: ask.key });
    const failure = await failureOf(create(ask));
    expect(failure.details.permanent).toBe(true);
    expect(failure.message).toContain(forged.id);
    expect(instancesOf(code)).toHaveLength(1);
    dingtalk.approvals.terminate(forged.id);
    expect((await create(ask)).externalId).not.toBe(forged.id);
  });

  it('given no widget for the key, then one like it has to be looked at, and after its end it is asked for', async () => {
    const { code } = dingtalk.approvals.define();
    const relation = [{ widget: '事由', apiKey: 'reason' }];
    const ask = anAsk(code, { form: { id: 'f', code, name: '请假', relation } });
    dingtalk.approvals.start(code, 'ann-there', { 事由: 'something else' });
    dingtalk.plan(posted, { kind: 'lost' });
    await failureOf(create(ask));
    const [, arrived] = instancesOf(code);
    const failure = await failureOf(create({ ...ask, again: true }));
    expect(failure.details.permanent).toBe(true);
    expect(failure.message).toContain(arrived?.id);
    expect(failure.message).toContain('redeliver');
    dingtalk.approvals.terminate(arrived?.id ?? '');
    await create({ ...ask, again: true });
    expect(instancesOf(code)).toHaveLength(3);
  });

  it('given too many of the applicant, then somebody has to look', async () => {
    const { code } = dingtalk.approvals.define();
    for (let other = 0; other < 121; other++) dingtalk.approvals.start(code, 'ann-there', { 事由: 'x' });
    const failure = await failureOf(create(anAsk(code, { again: true })));
    expect(failure.details.permanent).toBe(true);
    expect(failure.message).toContain('more than 100');
  });
});

describe('the access token', () => {
  it('given many calls at once, then one token serves them all', async () => {
    const fresh = adapterAlone();
    const before = dingtalk.callsTo(/accessToken/).length;
    const to = connectionTo(dingtalk);
    await Promise.all(Array.from({ length: 5 }, () => fresh.provider.observe(to, 'unknown', anAttempt())));
    expect(dingtalk.callsTo(/accessToken/)).toHaveLength(before + 1);
    await fresh.close();
  });

  it('given it ends before its time, then another one is fetched, and the call is made', async () => {
    const { code } = dingtalk.approvals.define();
    await create(anAsk(code));
    const before = dingtalk.callsTo(/accessToken/).length;
    dingtalk.expireTokens();
    await create(anAsk(code));
    expect(dingtalk.callsTo(/accessToken/)).toHaveLength(before + 1);
    expect(instancesOf(code)).toHaveLength(2);
  });

  it.each([
    [400, 'InvalidAuthentication'],
    [401, 'Unauthorized'],
  ])(
    'given it is refused with %d again and again, then it is tried twice and no more',
    async (status, said) => {
      const { code } = dingtalk.approvals.define();
      dingtalk.plan(posted, { kind: 'code', code: said, status }, 2);
      const before = dingtalk.callsTo(posted).length;
      const failure = await failureOf(create(anAsk(code)));
      expect(failure.details.vendorCode).toBe(said);
      expect(dingtalk.callsTo(posted)).toHaveLength(before + 2);
    },
  );

  it('given a wrong secret, then it fails for good, and nobody is told the secret', async () => {
    const to = connectionTo(dingtalk);
    const wrong = { ...to, credentials: { ...to.credentials, appSecret: 'not-the-secret' } };
    const { code } = dingtalk.approvals.define();
    const failure = await failureOf(adapter.provider.create(wrong, anAsk(code), anAttempt()));
    expect(failure.details).toMatchObject({ vendorCode: 'invalidClientIdOrSecret', permanent: true });
    const trial = await adapter.provider.test(wrong, AbortSignal.timeout(5_000));
    expect(trial).toMatchObject({ ok: false, status: 400 });
    expect(failure.message + trial.error).not.toContain('not-the-secret');
    expect(await adapter.provider.test(to, AbortSignal.timeout(5_000))).toEqual({
      ok: true,
      status: 200,
      error: null,
    });
    const nowhere = { ...to, url: 'http://127.0.0.1:1' };
    expect(await adapter.provider.test(nowhere, AbortSignal.timeout(5_000))).toMatchObject({
      ok: false,
      status: null,
    });
  });
});

describe('what DingTalk answers besides', () => {
  it.each([
    ['its limit', { kind: 'limit' }, { status: 403 }],
    ['500 of its own', { kind: 'code', code: 'systemError', status: 500 }, { status: 500 }],
    ['its own failure as 400', { kind: 'code', code: 'internalError' }, { status: 400 }],
    ['a page of HTML', { kind: 'answer', status: 502, body: '<html></html>' }, { status: 502 }],
    ['a page of HTML as 200', { kind: 'answer', status: 200, body: '<html></html>' }, { status: 200 }],
    ['a list', { kind: 'answer', status: 200, body: '[]' }, { status: 200 }],
    ['no success', { kind: 'answer', status: 200, body: '{"success":false}' }, { status: 200 }],
    ['no instance', { kind: 'answer', status: 200, body: '{"success":"true"}' }, {}],
    [
      'too many requests',
      { kind: 'answer', status: 429, body: '{"code":"Throttling.User"}', headers: { 'retry-after': '7' } },
      { status: 429, retryAfter: 7_000, vendorCode: 'Throttling.User' },
    ],
  ] as const)('given %s, then it may succeed later', async (_, fault, details) => {
    dingtalk.plan(read, fault);
    const failure = await failureOf(observe('some-instance'));
    expect(failure.details).toMatchObject(details);
    expect(failure.details.permanent).toBeUndefined();
  });

  it('given no permission, then it fails for good', async () => {
    dingtalk.plan(read, {
      kind: 'code',
      code: 'Forbidden.AccessDenied.AccessTokenPermissionDenied',
      status: 403,
    });
    expect((await failureOf(observe('some-instance'))).details.permanent).toBe(true);
  });

  it('given no answer, then it ends with the attempt', async () => {
    dingtalk.plan(read, { kind: 'hang' });
    const attempt = anAttempt(AbortSignal.timeout(200));
    const failure = await failureOf(adapter.provider.observe(connectionTo(dingtalk), 'x', attempt));
    expect(failure.details.permanent).toBeUndefined();
  });
});

describe('an approval as it is seen', () => {
  const nodes = [
    { activityId: 'check', name: '检查', people: ['assistant'] },
    { activityId: 'boss', name: '主管', people: ['lee', 'wang'], mode: 'OR' as const },
    { activityId: 'execute', name: '执行', people: ['assistant'] },
  ];
  const ours = {
    assistantUserId: 'assistant',
    checkActivityIds: ['check'],
    executeActivityIds: ['execute'],
  };

  it('given people decide, then it is seen step by step, and our tasks are told', async () => {
    const { code } = dingtalk.approvals.define({ nodes });
    const { id } = dingtalk.approvals.start(code, 'ann-there', { 事由: 'a rest', 金额: '7' });
    expect(await observe(id, ours)).toMatchObject({
      externalId: id,
      key: null,
      title: 'ann-there提交的请假',
      status: 'pending',
      applicant: 'ann-there',
      decidedBy: null,
      tasks: [
        {
          nodeName: '检查',
          externalId: 'assistant',
          status: 'pending',
          comment: null,
          endedAt: null,
          ours: 'check',
        },
      ],
      widgets: [
        { id: 'TextField-事由', name: '事由', type: 'TextField', value: 'a rest', whole: { name: '事由' } },
        { name: '金额', value: '7.0' },
      ],
    });
    dingtalk.approvals.agree(id, 'assistant', 'checked');
    dingtalk.approvals.agree(id, 'wang', 'fine');
    const seen = await observe(id, ours);
    expect(seen?.status).toBe('pending');
    expect(seen?.tasks).toMatchObject([
      { status: 'approved', comment: 'checked', ours: 'check', endedAt: expect.any(Date) },
      { externalId: 'lee', status: 'ended', ours: null },
      { externalId: 'wang', status: 'approved', comment: 'fine', ours: null },
      { externalId: 'assistant', status: 'pending', ours: 'execute' },
    ]);
    dingtalk.approvals.agree(id, 'assistant', 'executed');
    expect(await observe(id, ours)).toMatchObject({
      status: 'approved',
      decidedBy: 'assistant',
      comment: 'executed',
    });
    expect((await observe(id))?.tasks.map((task) => task.ours)).toEqual([null, null, null, null]);
  });

  it('given a task was handed over and refused, then who refused is told', async () => {
    const { code } = dingtalk.approvals.define();
    const { id } = dingtalk.approvals.start(code, 'ann-there', {});
    dingtalk.approvals.redirect(id, 'lee', 'wang');
    dingtalk.approvals.refuse(id, 'wang', 'no');
    expect(await observe(id)).toMatchObject({
      status: 'rejected',
      decidedBy: 'wang',
      comment: 'no',
      tasks: [
        { externalId: 'lee', status: 'transferred' },
        { externalId: 'wang', status: 'rejected', comment: 'no' },
      ],
    });
  });

  it('given it was withdrawn, then so it is; given it is not known, then nothing is said', async () => {
    const { code } = dingtalk.approvals.define();
    const { id } = dingtalk.approvals.start(code, 'ann-there', {});
    dingtalk.approvals.terminate(id, 'a mistake');
    expect(await observe(id)).toMatchObject({
      status: 'withdrawn',
      decidedBy: 'ann-there',
      comment: 'a mistake',
      tasks: [{ status: 'ended' }],
    });
    expect(await observe('unknown')).toBeNull();
  });

  it.each([
    { status: 'COMPLETED' },
    { status: 'COMPLETED', result: 'redirect' },
    { status: 'ARCHIVED', result: 'agree' },
    { result: 'agree' },
    { status: 'RUNNING', tasks: 'none' },
  ])('given %j, then it is no decision', async (result) => {
    dingtalk.plan(read, { kind: 'answer', status: 200, body: JSON.stringify({ result, success: 'true' }) });
    expect((await failureOf(observe('x'))).details.permanent).toBeUndefined();
  });
});

describe('a task that is answered', () => {
  const settings = { assistantUserId: 'assistant' };
  const given = () => {
    const { code } = dingtalk.approvals.define({
      nodes: [{ activityId: 'a', name: 'a', people: ['assistant', 'lee'] }],
    });
    return dingtalk.approvals.start(code, 'ann-there', {});
  };
  const act = (id: string, other: Partial<OutsideAction> = {}, set: object = settings) => {
    const action = {
      externalId: id,
      formCode: null,
      taskId: String(dingtalk.approvals.instances.get(id)?.tasks[0]?.taskId),
      actor: null,
      decision: 'approve' as const,
      comment: 'ok',
      ...other,
    };
    return adapter.provider.act(connectionTo(dingtalk, { ...set }), action, anAttempt());
  };

  it('given it waits, then it is decided in the name of our assistant, or of whom we say', async () => {
    const { id } = given();
    expect(await act(id, { comment: 'x'.repeat(2_000) })).toBe('done');
    expect((await observe(id))?.tasks[0]).toMatchObject({ status: 'approved', comment: 'x'.repeat(1024) });
    const taskId = String(dingtalk.approvals.waiting(id)[0]?.taskId);
    expect(await act(id, { taskId, actor: 'lee', decision: 'reject' }, {})).toBe('done');
    expect((await observe(id))?.status).toBe('rejected');
  });

  it('given somebody was faster, or it is all over, then that is said', async () => {
    const { id } = given();
    dingtalk.approvals.agree(id, 'assistant');
    expect(await act(id)).toBe('already_decided');
    dingtalk.approvals.terminate(id);
    expect(await act(id)).toBe('already_decided');
    dingtalk.approvals.delete(id);
    expect(await act(id, { taskId: '1' })).toBe('already_decided');
  });

  it('given it may not be decided although it waits, then it fails', async () => {
    const { id } = given();
    const failure = await failureOf(act(id, { actor: 'lee' }));
    expect(failure.details.vendorCode).toBe('aflowProcessInstCanNotBeExecuted');
    expect((await failureOf(act(id, {}, {}))).message).toContain('assistantUserId');
  });

  it('given DingTalk is busy, then it fails without a decision', async () => {
    const { id } = given();
    dingtalk.plan(/execute$/, { kind: 'limit' });
    expect((await failureOf(act(id))).details.permanent).toBeUndefined();
    expect(await act(id)).toBe('done');
  });
});

describe('an approval that is ended', () => {
  const cancel = (externalId: string) =>
    adapter.provider.cancel(
      connectionTo(dingtalk),
      {
        externalId,
        key: 'k',
        formCode: null,
        applicant: 'ann-there',
        orderId: 'o',
        reason: 'withdrawn',
        time: new Date(),
      },
      anAttempt(),
    );

  it('given it goes on, then it is terminated; given it is over or unknown, then it was already', async () => {
    const { code } = dingtalk.approvals.define();
    const { id } = dingtalk.approvals.start(code, 'ann-there', {});
    expect(await cancel(id)).toBe('cancelled');
    expect(dingtalk.approvals.of(id).status).toBe('TERMINATED');
    expect(dingtalk.callsTo(/terminate$/).at(-1)?.body).toMatchObject({
      isSystem: true,
      remark: 'withdrawn',
    });
    expect(await cancel(id)).toBe('already_over');
    expect(await cancel('unknown')).toBe('already_over');
  });

  it('given it has only just begun, then it is tried again after its pause', async () => {
    const { code } = dingtalk.approvals.define();
    const { id } = dingtalk.approvals.start(code, 'ann-there', {});
    dingtalk.approvals.withdrawalPause = 15_000;
    const { details } = await failureOf(cancel(id));
    dingtalk.approvals.withdrawalPause = 0;
    expect(details).toMatchObject({ retryAfter: 15_000, permanent: false });
  });

  it('given the template does not allow it, then it says what to change', async () => {
    const { code } = dingtalk.approvals.define({ withdrawable: false });
    const { id } = dingtalk.approvals.start(code, 'ann-there', {});
    const failure = await failureOf(cancel(id));
    expect(failure.message).toContain('允许提交人撤销审批中的审批单');
    expect(failure.details.permanent).toBeUndefined();
  });
});

describe('a message to a person', () => {
  const message = {
    externalId: 'lee',
    title: 'Your turn',
    text: 'one [click](https://evil.example) <b>\ntwo',
    link: 'https://countersign.example.com/console/orders/1',
    linkText: '查看',
  };
  const notify = (other: object = {}, settings = {}) =>
    adapter.provider.notify(connectionTo(dingtalk, settings), { ...message, ...other }, anAttempt());

  it('given a link, then it is a card whose one button opens it, and nothing else in it does', async () => {
    await notify();
    expect(dingtalk.messages.at(-1)).toMatchObject({
      robotCode: 'dingrobot',
      userIds: ['lee'],
      msgKey: 'sampleActionCard',
      msgParam: {
        title: 'Your turn',
        text: 'Your turn\n\none ［click］(https://evil.example) ＜b＞\n\ntwo',
        singleTitle: '查看',
        singleURL: message.link,
      },
    });
  });

  it('given no link, then it is plain text', async () => {
    await notify({ link: null });
    expect(dingtalk.messages.at(-1)).toMatchObject({
      msgKey: 'sampleText',
      msgParam: { content: `Your turn\n${message.text}` },
    });
  });

  it('given nobody by that id, or no robot, then it fails for good', async () => {
    expect((await failureOf(notify({ externalId: 'left' }))).details.permanent).toBe(true);
    expect((await failureOf(notify({}, { robotCode: undefined }))).details.permanent).toBe(true);
  });
});
