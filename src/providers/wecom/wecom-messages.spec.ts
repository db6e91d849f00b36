import { describe, expect, it } from 'vitest';
import { messageOf } from './wecom-messages.js';

const message = {
  externalId: 'wang',
  title: '待审批',
  text: 'first\nsecond',
  link: 'https://countersign.example/o/1',
  linkText: '打开审批单看看',
};

describe('messageOf', () => {
  it('given a link, then it is a card that opens it', () => {
    expect(messageOf('1000002', message)).toEqual({
      touser: 'wang',
      agentid: 1000002,
      enable_duplicate_check: 1,
      duplicate_check_interval: 600,
      msgtype: 'textcard',
      textcard: {
        title: '待审批',
        description: 'first<br>second',
        url: 'https://countersign.example/o/1',
        btntxt: '打开审批',
      },
    });
  });

  it('given none, then it is a text of at most 2048 bytes, cut between characters', () => {
    const sent = messageOf('1000002', { ...message, link: null, text: '𠮷'.repeat(2000) }) as {
      msgtype: string;
      text: { content: string };
    };
    expect(sent.msgtype).toBe('text');
    expect(sent.text.content.startsWith('待审批\n𠮷')).toBe(true);
    expect(sent.text.content.isWellFormed()).toBe(true);
    expect(Buffer.byteLength(sent.text.content)).toBeLessThanOrEqual(2048);
    expect(Buffer.byteLength(sent.text.content)).toBeGreaterThan(2044);
  });

  it('given marks that WeCom would read as links or colours, then they are plain signs', () => {
    const evil = '<a href="https://evil.example">here</a>';
    for (const link of [message.link, null]) {
      const sent = JSON.stringify(messageOf('1000002', { ...message, title: evil, text: evil, link }));
      expect(sent).not.toMatch(/<(?!br>)/);
    }
  });

  it.each(['@all', 'wang|li', 'wang li', '', '-wang', 'x'.repeat(65)])(
    'given %j as the receiver, which is nobody, then nothing is sent',
    (externalId) => {
      expect(() => messageOf('1000002', { ...message, externalId })).toThrow(/no id of a member/);
    },
  );
});
