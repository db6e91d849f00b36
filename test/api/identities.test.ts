import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdentitiesService } from '../../src/providers/identities/identities.service.js';
import { type Client, startApp, type TestApp } from '../support/harness.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '127.0.0.1' } });
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
});
afterAll(() => app.close());

let made = 0;
/** Given a provider with a code of its own. */
async function provider(owner: Client, code = `p-${++made}`): Promise<string> {
  await created(owner, '/providers', { code, name: code, url: 'http://127.0.0.1:9/oa' });
  return code;
}

/** Given somebody whom the directory lists. */
async function person(client: Client): Promise<string> {
  const code = `person-${++made}`;
  const put = await client.put(`/directory/users/${code}`, { name: code });
  if (put.status !== 200) throw new Error(JSON.stringify(put.body));
  return code;
}

const at = (code: string, userCode = ''): string =>
  `/providers/${code}/identities${userCode && `/${userCode}`}`;
const map = (client: Client, code: string, userCode: string, externalId: string, query = '') =>
  client.put(`${at(code, userCode)}${query}`, { externalId });
const known = async (client: Client, code: string, query = ''): Promise<Record<string, string>> => {
  const { items } = (await client.get(`${at(code)}${query}`)).body as {
    items: { userCode: string; externalId: string }[];
  };
  return Object.fromEntries(items.map(({ userCode, externalId }) => [userCode, externalId]));
};

describe('the identity of a person at a provider', () => {
  it('given it is put, read, changed and deleted, then each answer says how it stands', async () => {
    const code = await provider(admin);
    const put = await map(admin, code, 'ann', 'ou_1');
    expect(put.status).toBe(200);
    expect(put.body).toEqual({
      userCode: 'ann',
      externalId: 'ou_1',
      createTime: expect.any(String) as string,
      updateTime: expect.any(String) as string,
    });
    expect((await admin.get(at(code, 'ann'))).body).toEqual(put.body);
    expect((await map(admin, code, 'ann', 'ou_2')).body).toMatchObject({ externalId: 'ou_2' });
    expect(await known(admin, code)).toEqual({ ann: 'ou_2' });
    expect((await admin.delete(at(code, 'ann'))).status).toBe(204);
    for (const gone of [await admin.get(at(code, 'ann')), await admin.delete(at(code, 'ann'))]) {
      expect(gone).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
  });

  it('given an id that is another person’s, then 409, and theirs again once it was given up', async () => {
    const code = await provider(admin);
    await map(admin, code, 'ann', 'ou_1');
    const taken = await map(admin, code, 'bob', 'ou_1');
    expect(taken).toMatchObject({ status: 409, body: { code: 'already_exists' } });
    expect(JSON.stringify(taken.body)).not.toContain('ann');
    await map(admin, code, 'ann', 'ou_2');
    expect((await map(admin, code, 'bob', 'ou_1')).status).toBe(200);
    expect(await known(admin, code)).toEqual({ ann: 'ou_2', bob: 'ou_1' });
  });

  it('given many people who are given one id at once, then it is one person’s', async () => {
    const code = await provider(admin);
    const people = Array.from({ length: 12 }, (_, index) => `racer-${index}`);
    const answers = await Promise.all(people.map((userCode) => map(admin, code, userCode, 'ou_wanted')));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...people.slice(1).map(() => 409)]);
    expect(Object.values(await known(admin, code))).toEqual(['ou_wanted']);
  });

  it('given codes that differ in a blank at their end or in case, then they are nobody’s', async () => {
    const code = await provider(admin);
    const { id } = (await admin.get(`/providers/${code}`)).body as { id: string };
    await map(admin, code, 'ann', 'ou_1');
    const identities = app.get(IdentitiesService);
    expect(await identities.userOf(id, 'ou_1')).toBe('ann');
    for (const externalId of ['ou_1 ', 'OU_1']) expect(await identities.userOf(id, externalId)).toBeNull();
    expect(await identities.externalsOf(id, ['ann ', 'Ann'])).toEqual(new Map());
    expect((await admin.get(at(code, 'ann%20'))).status).toBe(400);
    expect(await known(admin, code, '?externalId=OU_1')).toEqual({});
  });

  it.each<[string, object | string]>([
    ['no id', {}],
    ['an empty one', { externalId: '' }],
    ['one with blanks around it', { externalId: ' ou_1' }],
    ['one that is too long', { externalId: 'x'.repeat(129) }],
    ['a number', { externalId: 7 }],
    ['another field', { externalId: 'ou_1', userCode: 'bob' }],
  ])('given %s, then 400', async (_what, body) => {
    const code = await provider(admin);
    expect((await admin.put(at(code, 'ann'), body)).status).toBe(400);
    expect(await known(admin, code)).toEqual({});
  });

  it('given its provider is deleted and made anew, then nobody is known there', async () => {
    const code = await provider(admin);
    await map(admin, code, 'ann', 'ou_forgotten');
    expect((await admin.delete(`/providers/${code}`)).status).toBe(204);
    const left = "SELECT user_code FROM dms_s_apply_identity WHERE external_id = 'ou_forgotten'";
    expect(await app.database.rows(left)).toEqual([]);
    await provider(admin, code);
    expect(await known(admin, code)).toEqual({});
  });
});

describe('the list of identities', () => {
  it('given pages, then each comes once, by user code; an id finds its person', async () => {
    const code = await provider(admin);
    const identities = Array.from({ length: 7 }, (_, index) => ({
      userCode: `u${index}`,
      externalId: `ou_${9 - index}`,
    }));
    await admin.put(at(code), { identities: identities.toReversed() });
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = (await admin.get(`${at(code)}?limit=3${cursor && `&cursor=${cursor}`}`)).body as {
        items: { userCode: string }[];
        nextCursor: string | null;
      };
      seen.push(...page.items.map(({ userCode }) => userCode));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(identities.map(({ userCode }) => userCode));
    expect(await known(admin, code, '?externalId=ou_5')).toEqual({ u4: 'ou_5' });
  });
});

describe('many identities in one call', () => {
  it('given new, changed, exchanged and unchanged ones, then all are saved, and the others stay', async () => {
    const code = await provider(admin);
    for (const [userCode, id] of [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4'],
    ] as const) {
      await map(admin, code, userCode, id);
    }
    const identities = [
      { userCode: 'a', externalId: '2' },
      { userCode: 'b', externalId: '1' },
      { userCode: 'c', externalId: '3' },
      { userCode: 'e', externalId: '5' },
    ];
    const answer = await admin.put(at(code), { identities });
    expect(answer).toMatchObject({ status: 200, body: { created: 1, changed: 2, unchanged: 1 } });
    expect(await known(admin, code)).toEqual({ a: '2', b: '1', c: '3', d: '4', e: '5' });
  });

  it('given a thousand, then they are saved; one more is refused', async () => {
    const code = await provider(admin);
    const some = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ userCode: `u${index}`, externalId: `e${index}` }));
    const answer = await admin.put(at(code), { identities: some(1000) });
    expect(answer.body).toEqual({ created: 1000, changed: 0, unchanged: 0 });
    expect((await admin.put(at(code), { identities: some(1001) })).status).toBe(400);
    expect((await admin.put(at(code), { identities: [] })).status).toBe(400);
  });

  it.each<[string, object[], number, string[]]>([
    [
      'a person twice',
      [
        ['u', '1'],
        ['v', '2'],
        ['u', '3'],
      ],
      400,
      ['identities[2].userCode'],
    ],
    [
      'an id twice',
      [
        ['u', '1'],
        ['v', '1'],
      ],
      400,
      ['identities[1].externalId'],
    ],
    [
      'a code with a comma',
      [
        ['u', '1'],
        ['v,w', '2'],
      ],
      400,
      ['identities[1].userCode'],
    ],
    [
      'ids of others',
      [
        ['u', 'hers'],
        ['v', '2'],
        ['w', 'his'],
      ],
      409,
      ['identities[0].externalId', 'identities[2].externalId'],
    ],
  ])('given %s, then nothing is saved, and the entries are named', async (_what, entries, status, fields) => {
    const code = await provider(admin);
    await admin.put(at(code), {
      identities: [
        { userCode: 'she', externalId: 'hers' },
        { userCode: 'he', externalId: 'his' },
      ],
    });
    const identities = (entries as [string, string][]).map(([userCode, externalId]) => ({
      userCode,
      externalId,
    }));
    const answer = await admin.put(at(code), { identities });
    expect(answer.status).toBe(status);
    expect((answer.body.errors as { field: string }[]).map(({ field }) => field)).toEqual(fields);
    expect(await known(admin, code)).toEqual({ she: 'hers', he: 'his' });
  });
});

describe('whose identities are whose', () => {
  it('given another team’s provider, then it does not exist, by any call', async () => {
    const code = await provider(admin);
    await map(admin, code, 'ann', 'ou_1');
    for (const answer of [
      await other.get(at(code)),
      await other.get(at(code, 'ann')),
      await map(other, code, 'ann', 'ou_2'),
      await map(other, code, 'ann', 'ou_2', '?accCode=t1'),
      await other.put(at(code), { identities: [{ userCode: 'ann', externalId: 'ou_2' }] }),
      await other.delete(at(code, 'ann')),
    ]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect(await known(admin, code)).toEqual({ ann: 'ou_1' });
    expect(await known(system, code, '?accCode=t1')).toEqual({ ann: 'ou_1' });
    expect((await map(system, code, 'ann', 'ou_3', '?accCode=t1')).status).toBe(200);
  });

  it('given a member or nobody, then 403 and 401', async () => {
    const code = await provider(admin);
    expect((await map(app.as(ann), code, 'ann', 'ou_1')).status).toBe(403);
    expect((await app.as(ann).get(at(code))).status).toBe(403);
    expect((await map(app.as(null), code, 'ann', 'ou_1')).status).toBe(401);
  });

  it('given a provider of the platform, then a team’s administrator has the own team’s people only', async () => {
    const code = await provider(system);
    const [mine, theirs, platforms] = [await person(admin), await person(other), await person(system)];
    await map(system, code, theirs, 'ou_theirs');
    await map(system, code, platforms, 'ou_platforms');
    expect((await map(admin, code, mine, 'ou_mine')).status).toBe(200);
    for (const userCode of [theirs, platforms, 'unlisted']) {
      for (const answer of [
        await map(admin, code, userCode, 'ou_new'),
        await admin.get(at(code, userCode)),
        await admin.delete(at(code, userCode)),
      ]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
    }
    expect(await known(admin, code)).toEqual({ [mine]: 'ou_mine' });
    expect(await known(admin, code, '?externalId=ou_theirs')).toEqual({});
    expect(Object.keys(await known(system, code))).toHaveLength(3);
  });

  it('given a provider of the platform, then nobody takes over the id of another team’s person', async () => {
    const code = await provider(system);
    const [mine, theirs] = [await person(admin), await person(other)];
    await map(other, code, theirs, 'ou_theirs');
    for (const answer of [
      await map(admin, code, mine, 'ou_theirs'),
      await admin.put(at(code), { identities: [{ userCode: mine, externalId: 'ou_theirs' }] }),
    ]) {
      expect(answer).toMatchObject({ status: 409, body: { code: 'already_exists' } });
      expect(JSON.stringify(answer.body)).not.toContain(theirs);
    }
    const both = [
      { userCode: mine, externalId: 'ou_theirs' },
      { userCode: theirs, externalId: 'ou_mine' },
    ];
    const exchanged = await admin.put(at(code), { identities: both });
    expect(exchanged).toMatchObject({ status: 404, body: { errors: [{ field: 'identities[1].userCode' }] } });
    expect(await known(other, code)).toEqual({ [theirs]: 'ou_theirs' });
  });

  it('given an own provider that shadows the platform’s, then it is the one that is meant', async () => {
    const code = await provider(system);
    await provider(admin, code);
    await map(system, code, 'root', 'ou_1');
    await map(admin, code, 'anybody', 'ou_1');
    expect(await known(admin, code)).toEqual({ anybody: 'ou_1' });
    expect(await known(system, code)).toEqual({ root: 'ou_1' });
  });
});
