import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Behaviour, hold, type Reply, verify } from '../support/business-module.js';
import { askOptions } from '../support/lark/lark-options.js';
import {
  type ApprovalGiven,
  givenApproval,
  type LarkWorld,
  startLarkWorld,
} from '../support/lark/lark-world.js';
import { boss } from '../support/world.js';

let world: LarkWorld;
let approval: ApprovalGiven;
let uri: string;
let address: string;
const token = 'token-of-the-widget';
const key = 'key-of-the-widget';
beforeAll(async () => {
  world = await startLarkWorld({ CALLBACK_TIMEOUT: '60s' });
  approval = await givenApproval(world, {
    form: {
      field: {
        isOpen: true,
        data: [
          { code: 'env', url: `${world.module.url}/options`, token },
          { code: 'sealed', url: `${world.module.url}/options`, token, key },
        ],
      },
    },
  });
  uri = await uriOf('env');
  address = `${world.app.url}/field/${uri}`;
});
afterAll(() => world.close());
afterEach(() => world.module.behave(() => ({ status: 500 })));

const form = () => world.app.as(boss).get(`/providers/feishu/forms/${approval.definition.code}`);
async function uriOf(code: string): Promise<string> {
  const { data } = (await form()).body.field as { data: { code: string; uri: string }[] };
  return data.find((one) => one.code === code)?.uri ?? '';
}
const answering =
  (body: object | string, status = 200): Behaviour =>
  () =>
    ({ status, body }) satisfies Reply;
const ask = (more: object = {}, url = address) => askOptions(url, { token, locale: 'zh_cn', ...more });
const raw = async (body: string, url = address) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return { status: response.status, body: (await response.json()) as { code: number; msg: string } };
};
const hangUp: Behaviour = (_call, response) => {
  response.destroy();
  return null;
};
const numbers = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `o${from + index}`, value: `选项 ${from + index}` }));

describe('POST /field/{uri}', () => {
  it('given a question, then the business module is asked under its signature, and its options are shown', async () => {
    world.module.behave(
      answering({
        options: [
          { id: 'prod', value: '生产' },
          { id: 7, value: '测试' },
        ],
      }),
    );
    const linkage = { region: 'cn' };
    const shown = await ask({
      user_id: 'ann-there',
      linkage_params: linkage,
      query: '生',
      page_token: 'p1',
      locale: 'en_us',
    });
    expect(shown).toEqual({
      options: new Map([
        ['prod', '生产'],
        ['7', '测试'],
      ]),
      nextPageToken: null,
      problem: null,
    });
    const call = world.module.calls.at(-1);
    expect(call?.path).toBe('/options');
    expect(() => call && verify(call, approval.secret)).not.toThrow();
    expect(call?.body).toEqual({
      user_id: 'ann-there',
      linkage_params: linkage,
      query: '生',
      page_token: 'p1',
      locale: 'en_us',
      approval_code: approval.definition.code,
      field: 'env',
    });
  });

  it('given the other addresses, then they are the same', async () => {
    world.module.behave(answering({ options: [{ id: 'a', value: 'A' }] }));
    const codes = `${approval.definition.code}/env`;
    for (const path of [`/api/v1/field/${uri}`, `/api/v1/lark/field/${codes}`]) {
      expect((await ask({}, `${world.app.url}${path}`)).options?.get('a')).toBe('A');
    }
  });

  it('given Feishu’s own answer, then its languages are kept', async () => {
    const i18nResources = [
      { locale: 'en_us', isDefault: false, texts: { '@i18n@x': 'Production' } },
      { locale: 'zh_cn', isDefault: true, texts: { '@i18n@x': '生产' } },
    ];
    const result = { options: [{ id: 'prod', value: '@i18n@x' }], i18nResources, hasMore: false };
    world.module.behave(answering({ code: 0, msg: 'success!', data: { result } }));
    expect((await ask({ locale: 'en_us' })).options?.get('prod')).toBe('Production');
    expect((await ask({ locale: 'ja_jp' })).options?.get('prod')).toBe('生产');
  });

  it('given pages of few options and the same option twice, then a page holds ten at least, each once', async () => {
    world.module.behave(({ body }) => {
      const from = Number(body.page_token ?? 0);
      return {
        status: 200,
        body: { options: numbers(from, 5), hasMore: true, nextPageToken: String(from + 4) },
      };
    });
    const shown = await ask();
    expect([...(shown.options?.keys() ?? [])]).toEqual(numbers(0, 13).map(({ id }) => id));
    expect(shown.nextPageToken).toBe('12');
  });

  it('given thousands of options, or pages that never fill one, then what there is is shown', async () => {
    world.module.behave(answering({ options: numbers(0, 3_000) }));
    expect((await ask()).options?.size).toBe(3_000);
    world.module.behave(answering({ options: numbers(0, 2), hasMore: true, nextPageToken: 'same' }));
    const few = await ask();
    expect([few.options?.size, few.nextPageToken]).toEqual([2, null]);
  });

  it('given a Key, then the question may be sealed, and the answer is', async () => {
    world.module.behave(answering({ options: [{ id: 'a', value: 'A' }] }));
    const url = `${world.app.url}/field/${await uriOf('sealed')}`;
    for (const sealed of [false, true]) {
      const shown = await askOptions(url, { token, locale: 'zh_cn' }, { key, sealed });
      expect(shown.options?.get('a')).toBe('A');
    }
    expect(await raw(JSON.stringify({ encrypt: 'AAAA' }), url)).toMatchObject({
      status: 200,
      body: { code: 401 },
    });
  });

  it('given another token, or none, or an address that nobody has, then the same words, and nobody is asked', async () => {
    const before = world.module.calls.length;
    const elsewhere = `${world.app.url}/field/${uri.slice(0, -3)}abc`;
    const answers = [
      await raw(JSON.stringify({ token: 'guessed' })),
      await raw('{}'),
      await raw(JSON.stringify({ token }), elsewhere),
      await raw(JSON.stringify({ token }), `${world.app.url}/field/guessed`),
      await raw(
        JSON.stringify({ token }),
        `${world.app.url}/api/v1/lark/field/${approval.definition.code}/none`,
      ),
    ];
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 200, body: { code: 401 } });
    expect(world.module.calls).toHaveLength(before);
  });

  it.each([
    ['answers 500', answering('', 500), /answered 500/],
    ['answers a page of HTML', answering('<html>'), /no JSON object/],
    ['answers no options', answering({ result: [] }), /no options/],
    ['answers an option without a text', answering({ options: [{ id: 'a' }] }), /lacks its id or its text/],
    ['names texts that it does not send', answering({ options: [{ id: 'a', value: '@i18n@a' }] }), /lacks/],
    ['refuses', answering({ code: 4, msg: '没有权限' }), /没有权限/],
    ['answers without an end', answering(`{"options": [${'0,'.repeat(600_000)}0]}`), /longer than/],
    [
      'has more, and does not say where',
      answering({ options: numbers(0, 10), hasMore: true }),
      /nextPageToken/,
    ],
    ['goes on with empty pages', answering({ options: [], hasMore: true, nextPageToken: 'x' }), /empty page/],
    ['hangs up', hangUp, /does not answer/],
  ])('given the business module %s, then 200 with a code and words', async (_what, behaviour, words) => {
    world.module.behave(behaviour);
    const answer = await raw(JSON.stringify({ token, locale: 'zh_cn' }));
    expect(answer).toMatchObject({ status: 200, body: { code: 502, msg: expect.stringMatching(words) } });
    expect(answer.body).not.toHaveProperty('data');
  });

  it.each(['', '/api/v1'])(
    'given at %s/field/… a question that cannot be read, then 200 with a code as well',
    async (prefix) => {
      for (const body of ['nope', '{"token":', `"${'x'.repeat(1_100_000)}"`]) {
        const answer = await raw(body, `${world.app.url}${prefix}/field/${uri}`);
        expect(answer).toEqual({
          status: 200,
          body: { code: body.length > 1_000_000 ? 413 : 400, msg: expect.any(String) as string },
        });
      }
    },
  );

  it('given a business module that does not answer, then Feishu is told before it gives up', async () => {
    const held = hold();
    world.module.behave(held.behaviour);
    // Rejects when no answer comes within Feishu's three seconds.
    const shown = await ask();
    held.release();
    expect(shown.problem).toMatch(/does not answer in time/);
  });

  it('given the fields are switched off, then so are their options', async () => {
    const closed = {
      isOpen: false,
      data: (await form()).body.field.data.map(({ code, url }: { code: string; url: string }) => ({
        code,
        url,
      })),
    };
    await world.app.as(boss).patch(`/providers/feishu/forms/${approval.definition.code}`, { field: closed });
    expect(await raw(JSON.stringify({ token }))).toMatchObject({ status: 200, body: { code: 403 } });
    await world.app
      .as(boss)
      .patch(`/providers/feishu/forms/${approval.definition.code}`, { field: { ...closed, isOpen: true } });
    world.module.behave(answering({ options: [{ id: 'a', value: 'A' }] }));
    expect((await ask()).options?.get('a')).toBe('A');
  });

  it('given all of that, then neither token nor key is in the log or in what is stored', async () => {
    const rows = await world.app.database.rows<{ fields: string }>(
      'SELECT fields FROM dms_s_apply_provider_form',
    );
    expect(`${world.lines.join('\n')}${JSON.stringify(rows)}`).not.toMatch(
      /token-of-the-widget|key-of-the-widget/,
    );
  });
});
