import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAnswer } from './callback-answer.js';

const ticket = '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30';
const yes = { ticket_id: ticket, result: true };
const answerOf = (body: object) => parseAnswer(JSON.stringify(body), ticket);

const notJson = 'the answer is not JSON';
const notObject = 'the answer is not a JSON object';
const otherTicket = 'the answer names no ticket_id, or another one';
const noResult = 'the result of the answer is not true or false';
const noMsg = 'the msg of the answer is not a text';
const noError = 'the error of the answer is not a text';

describe(parseAnswer.name, () => {
  it.each([
    ['yes', yes, { result: true, msg: null, error: null }],
    ['yes with words', { ...yes, msg: '检查成功。' }, { result: true, msg: '检查成功。', error: null }],
    [
      'no with a reason',
      { ...yes, result: false, error: '库存不足' },
      { result: false, msg: null, error: '库存不足' },
    ],
    ['nothing said as null', { ...yes, msg: null, error: null }, { result: true, msg: null, error: null }],
    ['nothing said as empty texts', { ...yes, msg: '', error: '' }, { result: true, msg: null, error: null }],
    ['words of both kinds', { ...yes, msg: 'a', error: 'b' }, { result: true, msg: 'a', error: 'b' }],
    [
      'further fields, which nobody reads',
      { code: 0, ...yes, data: { result: false } },
      { result: true, msg: null, error: null },
    ],
  ])('given %s, then that is the answer', (_name, body, answer) => {
    expect(answerOf(body)).toEqual({ answer });
  });

  it('given blanks and line ends around it, then it is read all the same', () => {
    const body = `\r\n ${JSON.stringify(yes, null, 2)}\n\n`;
    expect(parseAnswer(body, ticket)).toEqual({ answer: { result: true, msg: null, error: null } });
  });

  it.each([
    ['nothing', '', notJson],
    ['a blank', ' ', notJson],
    ['a word', 'OK', notJson],
    ['a login page', '<!DOCTYPE html><html><body><form action="/login">…</form></body></html>', notJson],
    ['XML', `<answer><ticket_id>${ticket}</ticket_id><result>true</result></answer>`, notJson],
    ['a form', `ticket_id=${ticket}&result=true`, notJson],
    ['JavaScript', `{ticket_id: '${ticket}', result: true}`, notJson],
    ['JSONP', `callback(${JSON.stringify(yes)})`, notJson],
    ['half an answer', JSON.stringify(yes).slice(0, -1), notJson],
    ['two answers', `${JSON.stringify(yes)}\n${JSON.stringify(yes)}`, notJson],
    ['an answer and more', `${JSON.stringify(yes)};`, notJson],
    ['a comma too many', `{"ticket_id":"${ticket}","result":true,}`, notJson],
    ['a capital True', `{"ticket_id":"${ticket}","result":True}`, notJson],
    ['a byte order mark', `\ufeff${JSON.stringify(yes)}`, notJson],
    ['null', 'null', notObject],
    ['true', 'true', notObject],
    ['a number', '1', notObject],
    ['a text', JSON.stringify(JSON.stringify(yes)), notObject],
    ['a list', '[]', notObject],
    ['a list of an answer', JSON.stringify([yes]), notObject],
  ])('given %s, then it is no answer', (_name, body, why) => {
    expect(parseAnswer(body, ticket)).toEqual({ why });
  });

  it.each([
    ['an empty object', {}, otherTicket],
    ['an answer in an envelope', { data: yes }, otherTicket],
    ['no ticket', { result: true }, otherTicket],
    ['the ticket null', { ...yes, ticket_id: null }, otherTicket],
    ['another ticket', { ...yes, ticket_id: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a31' }, otherTicket],
    ['the ticket in capitals', { ...yes, ticket_id: ticket.toUpperCase() }, otherTicket],
    ['the ticket with a blank', { ...yes, ticket_id: `${ticket} ` }, otherTicket],
    ['the ticket in a list', { ...yes, ticket_id: [ticket] }, otherTicket],
    ['the ticket under another name', { ticketId: ticket, result: true }, otherTicket],
    ['no result', { ticket_id: ticket }, noResult],
    ['the result null', { ...yes, result: null }, noResult],
    ['the result as a text', { ...yes, result: 'true' }, noResult],
    ['the result as a number', { ...yes, result: 1 }, noResult],
    ['the result as an object', { ...yes, result: {} }, noResult],
    ['the result under another name', { ticket_id: ticket, success: true }, noResult],
    ['a msg that is a number', { ...yes, msg: 1 }, noMsg],
    ['a msg that is an object', { ...yes, msg: { text: 'fine' } }, noMsg],
    ['a msg that is false', { ...yes, msg: false }, noMsg],
    ['an error that is a list', { ...yes, error: ['no stock'] }, noError],
    ['an error that is true', { ...yes, result: false, error: true }, noError],
  ])('given %s, then it is no answer', (_name, body, why) => {
    expect(answerOf(body)).toEqual({ why });
  });

  it('given fields that come by way of a prototype, then they are none', () => {
    const inherited = `{"__proto__":${JSON.stringify(yes)}}`;
    expect(parseAnswer(inherited, ticket)).toEqual({ why: otherTicket });
    const mixed = `{"ticket_id":"${ticket}","__proto__":{"result":true}}`;
    expect(parseAnswer(mixed, ticket)).toEqual({ why: noResult });
  });

  it('given a number as the ticket, then it is not taken for a text', () => {
    expect(parseAnswer('{"ticket_id":1,"result":true}', '1')).toEqual({ why: otherTicket });
  });

  it('given words without end, then they are cut at 2,000 characters', () => {
    const long = 'x'.repeat(60_000);
    const kept = 'x'.repeat(2_000);
    expect(answerOf({ ...yes, msg: long, error: long })).toEqual({
      answer: { result: true, msg: kept, error: kept },
    });
    expect(answerOf({ ...yes, msg: `${kept}y` })).toEqual({
      answer: { result: true, msg: kept, error: null },
    });
  });

  // The columns hold UTF-8, which has no half pairs: the order would keep another text than its log tells.
  it.each([
    ['words that are cut within a character', `${'x'.repeat(1_999)}😀 and more`],
    ['words with half a character', 'no stock \ud83d'],
  ])('given %s, then no half of one reaches the order', (_name, error) => {
    const parsed = answerOf({ ...yes, result: false, error });
    expect('answer' in parsed ? parsed.answer.error?.isWellFormed() : true).toBe(true);
  });

  it('given any JSON, then it is an answer exactly when it is the struct, and never a throw', () => {
    const anyValue = fc.constantFrom<unknown[]>(ticket, 'other', true, false, 'true', '', null, 0, 1, [], {});
    const nearly = fc.dictionary(fc.constantFrom('ticket_id', 'result', 'msg', 'error', 'extra'), anyValue);
    fc.assert(
      fc.property(fc.oneof(nearly, fc.jsonValue()), (value) => {
        const parsed = parseAnswer(JSON.stringify(value), ticket);
        const { ticket_id, result, msg, error } = Object(value) as Record<string, unknown>;
        const words = [msg, error].every((text) => text == null || typeof text === 'string');
        const isStruct = ticket_id === ticket && (result === true || result === false) && words;
        expect('answer' in parsed).toBe(isStruct);
        if ('answer' in parsed)
          expect(parsed.answer).toEqual({ result, msg: msg || null, error: error || null });
        else expect(parsed.why).toMatch(/^the /);
      }),
      { numRuns: 3000 },
    );
  });

  it('given any text, then it is no answer', () => {
    fc.assert(
      fc.property(fc.string(), (body) => {
        expect('why' in parseAnswer(body, ticket)).toBe(true);
      }),
    );
  });
});
