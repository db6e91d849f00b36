import { describe, expect, it } from 'vitest';
import { mailOf, messageOf, oneLine, trialMailOf, trialMessageOf } from './mail.js';
import { type Language, languages, texts } from './mail.texts.js';
import { type Notice, type NoticeData, noticeTypes } from './notice.js';

const data: NoticeData = {
  ticket_id: 'o/1',
  business_type: 'purchase',
  business_key: 'K-1',
  acc_code: 't1',
  user_code: 'ann',
  apply_status: 'in_review',
  title: 'A desk',
};
const notice = (more: Partial<NoticeData> = {}, type: Notice['type'] = 'step.in_review'): Notice => ({
  type,
  timestamp: '2026-11-22T08:30:00.000Z',
  data: { ...data, ...more },
});
const step = {
  apply_step: 2,
  node_name: '财务复核',
  reviewer_type: 'user',
  reviewers: ['bob', 'carol'],
} as const;
const decision = {
  decision: 'rejected',
  audit_status: 'rejected',
  decided_by: 'bob',
  audit_msg: '太贵',
} as const;

describe(mailOf.name, () => {
  it('should tell in Chinese what happened, to what, by whom and where to look', () => {
    const mail = mailOf(notice({ ...step, ...decision }, 'order.rejected'), 'zh', 'https://c.example');
    expect(mail.subject).toBe('申请单已驳回：A desk');
    expect(mail.text.split('\n')).toEqual([
      '申请单已驳回',
      '',
      '标题：A desk',
      '业务类型：purchase',
      '业务单号：K-1',
      '申请人：ann',
      '审批步骤：2 财务复核',
      '审批对象：bob, carol',
      '审批结果：驳回',
      '审批人：bob',
      '审批意见：太贵',
      '申请单状态：审批中',
      '',
      '查看申请单：https://c.example/console/orders/o%2F1',
      '',
      '本邮件由审批服务自动发送，请勿回复。',
      '',
    ]);
    expect(mail.html).toContain('<html lang="zh-CN">');
    expect(mail.html).toContain('<a href="https://c.example/console/orders/o%2F1">查看申请单</a>');
  });

  it('should tell the same in English', () => {
    const mail = mailOf(notice({ ...step, ...decision }, 'order.rejected'), 'en', null);
    expect(mail.subject).toBe('Order rejected: A desk');
    for (const line of ['Title: A desk', 'Step: 2 财务复核', 'Decision: rejected', 'Decided by: bob'])
      expect(mail.text.split('\n')).toContain(line);
    expect(mail.html).toContain('<html lang="en">');
  });

  it('should tell what people do besides deciding', () => {
    const linesOf = (more: Partial<NoticeData>, type: Notice['type'], language: Language = 'en') =>
      mailOf(notice({ ...step, ...more }, type), language, null).text.split('\n');
    const assigned = { acted_by: 'bob', audit_msg: 'away', user_codes: ['zoe'] };
    expect(linesOf(assigned, 'step.assigned')).toEqual(
      expect.arrayContaining(['Newly asked: zoe', 'By: bob', 'In their words: away']),
    );
    expect(linesOf(assigned, 'step.assigned', 'zh')).toEqual(
      expect.arrayContaining(['新的待审批人：zoe', '操作人：bob', '附言：away']),
    );
    const returned = {
      acted_by: 'bob',
      audit_msg: null,
      to_step: 1,
      to_node_name: '部门',
      resume: 'back',
    } as const;
    expect(linesOf(returned, 'order.returned', 'zh')).toEqual(
      expect.arrayContaining(['退回到：1 部门', '之后：直接回到退回的步骤']),
    );
    expect(
      linesOf({ ...returned, to_step: 0, to_node_name: null, resume: 'again' }, 'order.returned'),
    ).toEqual(
      expect.arrayContaining([
        'Returned to: the applicant',
        'Afterwards: once more through every step from there',
      ]),
    );
    expect(linesOf({ user_codes: ['dave', 'eve'] }, 'order.copied')).toContain('Copied to: dave, eve');
    const attachments = [{ name: 'c.pdf', url: 'https://files.example.com/c.pdf' }];
    const comment = linesOf({ text: 'see there', attachments }, 'order.commented');
    expect(comment).toEqual(expect.arrayContaining(['Comment: see there', 'Attachments: c.pdf']));
    expect(comment.join('\n')).not.toContain('https://');
    // Nothing else is said of an order to which none of this happened.
    expect(linesOf({}, 'step.in_review').filter((line) => line.includes(': '))).toHaveLength(7);
  });

  it('should link nowhere when nobody said where', () => {
    const mail = mailOf(notice(), 'zh', null);
    expect(mail.text + mail.html).not.toMatch(/http|href/);
  });

  it('should have words for every event in every language', () => {
    const subjects = languages.flatMap((language: Language) =>
      noticeTypes.map((type) => mailOf(notice({}, type), language, null).subject),
    );
    expect(new Set(subjects).size).toBe(languages.length * noticeTypes.length);
  });

  it('should name the order by its key, else its id, when it has no title', () => {
    expect(mailOf(notice({ title: null }), 'en', null).subject).toContain('K-1');
    expect(mailOf(notice({ title: '', business_key: null }), 'en', null).subject).toContain('o/1');
  });

  it('should leave no HTML of others in its HTML', () => {
    const evil = `<img src=x onerror="alert('1')">&<b>`;
    const mail = mailOf(
      notice({
        title: evil,
        business_type: evil,
        business_key: evil,
        user_code: evil,
        ticket_id: evil,
        remark: evil,
        error: evil,
        delivery_id: evil,
        acted_by: evil,
        user_codes: [evil],
        to_step: 1,
        to_node_name: evil,
        text: evil,
        attachments: [{ name: evil, url: evil }],
        ...step,
        node_name: evil,
        reviewers: [evil],
        ...decision,
        decided_by: evil,
        audit_msg: evil,
      }),
      'en',
      `https://c.example/"><script>`,
    );
    expect(mail.html).not.toMatch(/<img|<b>|<script|onerror="/);
    expect(mail.html).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;&lt;b&gt;');
    expect(trialMailOf(evil, 'en').html).not.toContain('<img');
  });

  it('should keep the lines of a value behind its label', () => {
    for (const end of ['\n', '\r\n', '\r', '\u2028', '\v']) {
      const mail = mailOf(notice({ title: `A desk${end}Applicant: boss` }), 'en', null);
      expect(mail.text.split(/[\n\r\u2028\v]/)).not.toContain('Applicant: boss');
      expect(mail.text).toContain('Title: A desk\n    Applicant: boss');
    }
  });

  it('should name some of very many reviewers', () => {
    const reviewers = Array.from({ length: 500 }, (_, index) => `u${index}`);
    expect(mailOf(notice({ ...step, reviewers }), 'en', null).text).toMatch(/u18, u19, …\n/);
  });
});

describe(oneLine.name, () => {
  it.each([
    ['a\r\nBcc: eve@example.com', 'a Bcc: eve@example.com'],
    ['a\nb\u0000c\u0085d\u2028e\tf', 'a b c d e f'],
    ['a\u202eb\u2066c', 'a b c'],
    ['  a  ', 'a'],
    ['x'.repeat(300), `${'x'.repeat(199)}…`],
    [`${'x'.repeat(198)}👍👍`, `${'x'.repeat(198)}…`],
  ])('should make one line of %j', (text, line) => {
    expect(oneLine(text)).toBe(line);
  });

  it('should be what every subject goes through', () => {
    const title = 'A desk\r\nBcc: eve@example.com';
    expect(mailOf(notice({ title }), 'en', null).subject).not.toMatch(/[\r\n]/);
    expect(trialMailOf(title, 'zh').subject).not.toMatch(/[\r\n]/);
  });
});

describe(messageOf.name, () => {
  it('given news of a decision, then a few lines say who, what and why, and a link opens the order', () => {
    const message = messageOf(notice({ ...step, ...decision }, 'order.rejected'), 'zh', 'https://c.example');
    expect(message).toEqual({
      title: '申请单已驳回：A desk',
      text: [
        '业务类型：purchase',
        '业务单号：K-1',
        '申请人：ann',
        '审批步骤：2 财务复核',
        '审批结果：驳回',
        '审批人：bob',
        '审批意见：太贵',
      ].join('\n'),
      link: 'https://c.example/console/orders/o%2F1',
      linkText: '查看申请单',
    });
  });

  it('given words of several lines, then they stay on theirs, and are cut', () => {
    const audit_msg = `too\nApplicant: eve\u202e${'x'.repeat(500)}`;
    const { text } = messageOf(notice({ ...step, ...decision, audit_msg }), 'en', null);
    const lines = text.split('\n');
    expect(lines.filter((line) => line.startsWith('Applicant'))).toEqual(['Applicant: ann']);
    expect(lines.at(-1)).toMatch(/^In their words: too Applicant: eve x+…$/);
    expect(lines.at(-1)?.length).toBeLessThan(230);
  });

  it.each(languages)('given a parked delivery of no order (%s), then what to do, and no link', (language) => {
    const none = {
      ticket_id: null,
      business_type: null,
      business_key: null,
      user_code: null,
      apply_status: null,
      title: null,
    };
    const parked = { delivery_id: 'd1', topic: 'provider.event', error: 'answered 500', what_to_do: 'x' };
    const message = messageOf(
      notice({ ...none, ...parked }, 'delivery.parked'),
      language,
      'https://c.example',
    );
    expect(message.link).toBeNull();
    expect(message.title).toContain(
      language === 'zh' ? '投递已停止：provider.event' : 'A delivery is no longer',
    );
    expect(message.text).toContain('d1');
    expect(message.text).toContain('answered 500');
    expect(message.text).toContain(texts[language].todos['provider.event']);
    const unknown = { ...none, ...parked, topic: 'of.tomorrow' };
    expect(messageOf(notice(unknown, 'delivery.parked'), language, null).text).toContain(
      texts[language].todos.other,
    );
  });
});

describe(trialMessageOf.name, () => {
  it.each(languages)('given a subscription (%s), then it names it, and opens nothing', (language) => {
    const message = trialMessageOf('To the\nteam', language);
    expect(message.text).toContain('To the team');
    expect(message.link).toBeNull();
  });
});
