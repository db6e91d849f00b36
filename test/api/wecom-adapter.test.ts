import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalAsk, ProviderConnection } from '../../src/providers/provider.port.js';
import type { WeComProvider } from '../../src/providers/wecom/wecom.provider.js';
import { eventually } from '../support/eventually.js';
import { type FakeWeCom, startWeCom, type WeComFault } from '../support/wecom/fake-wecom.js';
import {
  askFor,
  attemptNow,
  connectionTo,
  purchase,
  relationWithoutKey,
  weComAdapter,
} from '../support/wecom/wecom-given.js';

const adapter = weComAdapter();
let wecom: FakeWeCom;
let provider: WeComProvider;
let to: ProviderConnection;
beforeAll(async () => {
  wecom = await startWeCom();
  wecom.member('ann.there', 'li', 'zhao', 'wang');
  wecom.unlicensed.add('zhao');
  wecom.template(purchase);
  ({ provider } = adapter);
  to = connectionTo(wecom);
});
afterAll(async () => {
  await adapter.close();
  await wecom.close();
});

const create = (ask: ApprovalAsk) => provider.create(to, ask, attemptNow());
const observe = (spNo: string) => provider.observe(to, spNo, attemptNow());
const applied = (): number => wecom.callsOf('/cgi-bin/oa/applyevent').length;
const failure = (message: RegExp, details: object = {}) =>
  expect.objectContaining({
    name: 'ProviderFailure',
    message: expect.stringMatching(message) as string,
    details: expect.objectContaining(details) as object,
  });
const permanent = { permanent: true };

describe('create', () => {
  it('given a relation, then the controls are filled in, in the applicant’s name, by the template’s flow', async () => {
    const ask = askFor();
    const { externalId } = await create(ask);
    expect(wecom.callsOf('/cgi-bin/oa/applyevent').at(-1)?.body).toEqual({
      creator_userid: 'ann.there',
      template_id: purchase.id,
      use_template_approver: 1,
      apply_data: {
        contents: [
          { control: 'Text', id: 'Text-1', value: { text: ask.fields.purpose } },
          { control: 'Money', id: 'Money-2', value: { new_money: '1280.5' } },
          { control: 'Date', id: 'Date-3', value: { date: { type: 'day', s_timestamp: '1795276800' } } },
          {
            control: 'Selector',
            id: 'Selector-4',
            value: { selector: { type: 'single', options: [{ key: 'option-1' }] } },
          },
          { control: 'Text', id: 'Text-5', value: { text: ask.key } },
        ],
      },
      summary_list: ['笔记本电脑', 'PO-1', ask.key.slice(-20)].map((text) => ({
        summary_info: [{ text, lang: 'zh_CN' }],
      })),
    });
    expect(wecom.approvals.of(externalId)).toMatchObject({ creator: 'ann.there', status: 1 });
  });

  it('given long words and no business key, then the summary’s rows still fit', async () => {
    const { externalId } = await create(
      askFor({ title: '申请'.repeat(40), businessKey: null, remark: 'line\nline '.repeat(9) }),
    );
    expect(wecom.approvals.of(externalId).summary).toEqual([
      '申请'.repeat(10),
      'line line line line ',
      expect.stringMatching(/^.{20}$/) as string,
    ]);
  });

  it.each<[string, Partial<ApprovalAsk>, RegExp]>([
    ['no template', { form: null }, /has no template/],
    [
      'an applicant without an identity',
      { applicant: { userCode: 'ann', externalId: null } },
      /ann has no identity/,
    ],
    [
      'an applicant whom the app does not see',
      { applicant: { userCode: 'x', externalId: 'x' } },
      /301055 .*visible range/,
    ],
    ['a template that does not exist', { form: { ...form(), code: 'other' } }, /301025 .*template/],
    [
      'a control that does not exist',
      { form: { ...form(), relation: [{ widget: '别的', apiKey: 'x' }] }, fields: { x: 1 } },
      /no control 别的/,
    ],
    ['a required control without a value', { fields: { amount: 1 } }, /requires a value for 用途 \(Text-1\)/],
    ['no relation', { form: { ...form(), relation: null } }, /requires a value for 用途/],
    ['a value that does not fit', { fields: { purpose: 'x', amount: 'many' } }, /金额 takes a number/],
  ])('given %s, then it fails for good, and nothing is submitted', async (_what, more, message) => {
    const before = wecom.approvals.all.size;
    await expect(create(askFor(more))).rejects.toEqual(failure(message, permanent));
    expect(wecom.approvals.all.size).toBe(before);
  });
});

function form() {
  return { id: 'f1', code: purchase.id, name: '采购', relation: [] };
}

describe('create, again', () => {
  const again = (ask: ApprovalAsk) => create({ ...ask, again: true });
  const lost = async (ask: ApprovalAsk): Promise<string> => {
    wecom.fail('/cgi-bin/oa/applyevent', 'lost');
    await expect(create(ask)).rejects.toEqual(failure(/./));
    return [...wecom.approvals.all.keys()].at(-1) ?? '';
  };

  it('given an answer that got lost, then the application is found by its key, whatever else there is', async () => {
    const ask = askFor();
    const spNo = await lost(ask);
    wecom.pageSize = 2;
    await create(askFor());
    const before = applied();
    expect(await again(ask)).toEqual({ externalId: spNo });
    expect(applied()).toBe(before);
    expect(wecom.callsOf('/cgi-bin/oa/getapprovalinfo').length).toBeGreaterThan(1);
    wecom.pageSize = 100;
  });

  it('given it is over there by now, then it is found all the same', async () => {
    const ask = askFor();
    const spNo = await lost(ask);
    wecom.approvals.revoke(spNo);
    expect(await again(ask)).toEqual({ externalId: spNo });
  });

  it('given an attempt that never arrived, then it is submitted', async () => {
    const ask = askFor();
    wecom.fail('/cgi-bin/oa/applyevent', { status: 502 });
    await expect(create(ask)).rejects.toEqual(failure(/502/, { status: 502 }));
    const before = applied();
    await again(ask);
    expect(applied()).toBe(before + 1);
  });

  it('given somebody’s application with the same key but other values, then it is not taken for ours', async () => {
    const ask = askFor();
    await create({ ...ask, fields: { ...ask.fields, amount: 1 } });
    const before = applied();
    await expect(again(ask)).rejects.toEqual(failure(/has this key, but other values/, permanent));
    expect(applied()).toBe(before);
  });

  it('given no control for the key and applications since, then it fails for good and says what to look for', async () => {
    const ask = askFor({ form: { ...form(), relation: relationWithoutKey } });
    const spNo = await lost(ask);
    const before = applied();
    const message = new RegExp(
      `look for an application of ann\\.there whose summary ends in ${ask.key.slice(-20)}.*map one|map one.*${ask.key.slice(-20)}`,
    );
    await expect(again(ask)).rejects.toEqual(failure(message, permanent));
    expect(wecom.approvals.of(spNo).summary.at(-1)).toBe(ask.key.slice(-20));
    expect(applied()).toBe(before);
  });

  it('given no control for the key, and applications of earlier only, then it is submitted', async () => {
    wecom.member('carl.there');
    const carl = () =>
      askFor({
        form: { ...form(), relation: relationWithoutKey },
        applicant: { userCode: 'carl', externalId: 'carl.there' },
      });
    const earlier = wecom.approvals.of((await create(carl())).externalId);
    Object.assign(earlier, { applyTime: earlier.applyTime - 3600 });
    const { externalId } = await again(carl());
    expect(wecom.approvals.of(externalId)).toMatchObject({ creator: 'carl.there' });
    expect(externalId).not.toBe(earlier.spNo);
  });
});

describe('observe', () => {
  it('given an application on its way, then its tasks, people and fields are told in the canonical form', async () => {
    const ask = askFor();
    const { externalId } = await create(ask);
    wecom.approvals.agree(externalId, 'li', 'fine');
    const pending = await observe(externalId);
    expect(pending).toMatchObject({
      externalId,
      key: null,
      formCode: purchase.id,
      title: '采购申请',
      status: 'pending',
      applicant: 'ann.there',
      decidedBy: null,
      tasks: [
        {
          id: '1.1',
          externalId: 'li',
          status: 'approved',
          comment: 'fine',
          endedAt: expect.any(Date) as Date,
        },
        { id: '1.2', externalId: 'zhao', status: 'pending' },
        { id: '2.1', externalId: 'wang', status: 'pending', comment: null, endedAt: null },
      ],
    });
    expect(pending?.widgets.map(({ name, type, value }) => [name, type, value])).toEqual([
      ['用途', 'Text', ask.fields.purpose],
      ['金额', 'Money', '1280.5'],
      ['日期', 'Date', '2026-11-21T16:00:00.000Z'],
      ['类别', 'Selector', ['option-1']],
      ['单号', 'Text', ask.key],
    ]);
    wecom.approvals.agree(externalId, 'wang', 'bought');
    expect(await observe(externalId)).toMatchObject({
      status: 'approved',
      decidedBy: 'wang',
      comment: 'bought',
    });
    wecom.approvals.pay(externalId);
    expect(await observe(externalId)).toMatchObject({ status: 'approved', decidedBy: 'wang' });
  });

  it('given each other end, then it is that', async () => {
    const numbers: string[] = [];
    for (let at = 0; at < 3; at++) numbers.push((await create(askFor())).externalId);
    const [rejected = '', revoked = '', deleted = ''] = numbers;
    wecom.approvals.transfer(rejected, 'li', 'wang', 'yours');
    wecom.approvals.reject(rejected, 'wang', 'no');
    wecom.approvals.revoke(revoked);
    wecom.approvals.remove(deleted);
    expect(await observe(rejected)).toMatchObject({ status: 'rejected', decidedBy: 'wang', comment: 'no' });
    expect(await observe(revoked)).toMatchObject({ status: 'withdrawn', decidedBy: 'ann.there' });
    expect(await observe(deleted)).toMatchObject({ status: 'gone' });
  });

  it('given a number that WeCom does not know, then nothing', async () => {
    expect(await observe('202001010001')).toBeNull();
  });
});

describe('act and cancel', () => {
  it('WeCom has no such calls', async () => {
    await expect(provider.act()).rejects.toEqual(failure(/no call that decides/, permanent));
    expect(await provider.cancel()).toBe('unsupported');
  });
});

describe('what goes wrong', () => {
  const detail = '/cgi-bin/oa/getapprovaldetail';
  let known: string;
  beforeAll(async () => {
    known = (await create(askFor())).externalId;
  });

  it('given many calls, then one token serves them all', async () => {
    const fresh = connectionTo(wecom, { id: 'fresh' });
    const before = wecom.issued;
    await Promise.all(Array.from({ length: 5 }, () => provider.observe(fresh, known, attemptNow())));
    expect(wecom.issued).toBe(before + 1);
  });

  it.each(['expired', 'unknown'] as const)(
    'given a token that is %s mid-way, then one is fetched anew, once',
    async (how) => {
      await observe(known);
      wecom.endTokens(how);
      const before = wecom.issued;
      expect(await observe(known)).toMatchObject({ externalId: known });
      expect(wecom.issued).toBe(before + 1);
      const calls = wecom.callsOf(detail).length;
      wecom.fail(detail, { errcode: 42001 }, { errcode: 42001 });
      await expect(observe(known)).rejects.toEqual(failure(/42001/, { vendorCode: 42001 }));
      expect(wecom.callsOf(detail).length).toBe(calls + 2);
    },
  );

  it.each<[string, WeComFault, RegExp, object]>([
    ['busy', { errcode: -1 }, /-1 on demand/, { vendorCode: -1 }],
    ['called too often', { errcode: 45009 }, /45009/, { vendorCode: 45009, retryAfter: 60_000 }],
    ['status 500', { status: 500 }, /500/, { status: 500 }],
    ['HTML', { status: 200 }, /no JSON object/, { status: 200 }],
    ['JSON without errcode', { status: 200, body: '{"hello":1}' }, /no errcode/, { status: 200 }],
    ['a lost answer', 'lost', /./, {}],
  ])('given %s, then it fails for now', async (_what, fault, message, details) => {
    wecom.fail(detail, fault);
    await expect(observe(known)).rejects.toEqual(failure(message, details));
    wecom.fail(detail, fault);
    await expect(observe(known)).rejects.toMatchObject({
      details: expect.not.objectContaining(permanent) as object,
    });
  });

  it.each([
    [60020, /trusted IPs/],
    [48002, /may not use this call/],
    [301055, /可调用接口的应用/],
    [301056, /switched off/],
  ])('given errcode %d, then it fails for good, with a hint', async (errcode, message) => {
    wecom.fail(detail, { errcode });
    await expect(observe(known)).rejects.toEqual(failure(message, { vendorCode: errcode, permanent: true }));
  });

  it('given silence, then it is given up when the attempt is', async () => {
    wecom.fail(detail, 'hang');
    const giveUp = new AbortController();
    const before = wecom.callsOf(detail).length;
    const outcome = provider.observe(to, known, attemptNow(giveUp.signal)).catch((error: unknown) => error);
    await eventually(
      () => wecom.callsOf(detail).length,
      (calls) => calls > before,
    );
    giveUp.abort();
    expect(await outcome).toEqual(failure(/given up/));
  });

  it('given any failure, then neither secret nor token is in it', async () => {
    const wrong = connectionTo(wecom, { credentials: { ...to.credentials, corpSecret: 'a-wrong-secret' } });
    const errors: string[] = [];
    const gather = (error: unknown) => void errors.push((error as Error).message);
    await provider.observe(wrong, known, attemptNow()).catch(gather);
    for (const fault of [{ status: 500 }, { status: 200 }, 'lost'] as const) {
      wecom.fail('/cgi-bin/gettoken', fault);
      await provider.observe({ ...to, id: `other ${errors.length}` }, known, attemptNow()).catch(gather);
      wecom.fail(detail, fault);
      await observe(known).catch(gather);
    }
    expect(errors).toHaveLength(7);
    expect(errors.join('\n')).not.toMatch(
      new RegExp(`a-wrong-secret|${wecom.secret}|access_token=|corpsecret`),
    );
  });

  it('given settings that are not whole, then it says what is missing', async () => {
    await expect(provider.observe({ ...to, settings: {} }, known, attemptNow())).rejects.toEqual(
      failure(/has no corpId/, permanent),
    );
  });
});

describe('test', () => {
  const signal = new AbortController().signal;

  it('given settings that are right, then it is well', async () => {
    expect(await provider.test(to, signal)).toEqual({ ok: true, status: 200, error: null });
  });

  it('given a secret that was changed there, then a token that is still good does not hide it', async () => {
    await observe('202001010001');
    const wrong = { ...to, credentials: { ...to.credentials, corpSecret: 'wrong' } };
    expect(await provider.test(wrong, signal)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/40001 .*secret is not that/) as string,
    });
    wecom.fail('/cgi-bin/gettoken', { errcode: 40001 });
    expect(await provider.test(to, signal)).toMatchObject({ ok: false });
  });

  it('given an app that may not call approvals, then it says so', async () => {
    wecom.fail('/cgi-bin/oa/getapprovalinfo', { errcode: 301055 });
    expect(await provider.test(to, signal)).toMatchObject({
      ok: false,
      status: 200,
      error: expect.stringMatching(/301055/) as string,
    });
  });

  it('given nobody there, then it does not throw', async () => {
    const nobody = { ...to, url: 'http://127.0.0.1:9' };
    expect(await provider.test(nobody, signal)).toMatchObject({ ok: false, status: null });
  });
});

describe('notify', () => {
  const message = { externalId: 'li', title: '待审批', text: '笔记本电脑', link: null, linkText: '打开' };
  const notify = (more: object = {}) => provider.notify(to, { ...message, ...more }, attemptNow());

  it('given a link, then a card arrives; given none, a text', async () => {
    await notify({ link: 'https://countersign.example/console/orders/1' });
    expect(wecom.messages.at(-1)).toMatchObject({
      touser: 'li',
      msgtype: 'textcard',
      textcard: { title: '待审批', url: 'https://countersign.example/console/orders/1' },
    });
    await notify();
    expect(wecom.messages.at(-1)).toMatchObject({ msgtype: 'text', text: { content: '待审批\n笔记本电脑' } });
  });

  it.each([
    ['nobody', { externalId: 'nobody' }, /81013/],
    ['everybody', { externalId: '@all' }, /no id of a member/],
    ['somebody without a licence', { externalId: 'zhao' }, /no licence/],
  ])('given a message to %s, then it fails for good, and nothing is sent', async (_what, more, error) => {
    const before = wecom.messages.length;
    await expect(notify(more)).rejects.toEqual(failure(error, permanent));
    expect(wecom.messages.length).toBe(before);
  });
});
