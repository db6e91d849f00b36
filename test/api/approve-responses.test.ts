import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import type { KeptResponse } from '../../src/gate/keeping/judgement.js';
import { RequestSeals } from '../../src/gate/keeping/request.seals.js';
import { type Answer, startApp, type TestApp, type TestUser } from '../support/harness.js';
import { givenHeldRow } from '../support/held-requests.js';
import { ann, bob, boss, carol, created, eve, givenFlow, rival, root } from '../support/world.js';

let app: TestApp;
let businessType: string;
beforeAll(async () => {
  app = await startApp();
  ({ businessType } = await givenFlow(app, [{ users: ['bob'] }]));
});
afterAll(() => app.close());

const json = Buffer.from('{"deleted":true,"姓名":"安"}');

/** Given an executed request of ann, whose order bob reviews, and what the system behind the gate answered. */
async function givenAnswered(
  response: Partial<KeptResponse> | null,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { id: orderId } = await created(app.as(ann), '/orders', { businessType });
  const id = await givenHeldRow(app, {
    applyOrderId: orderId,
    state: 'executed',
    responseStatus: response?.status ?? 200,
    sealedResponse: null,
    ...fields,
  });
  if (response) {
    const headers: KeptResponse['headers'] = [['content-type', 'application/json']];
    const whole = { status: 200, headers, body: json, ...response };
    const sealed = app.get(RequestSeals).sealResponse(id, whole);
    await app
      .get(UnitOfWork)
      .run((tx) => tx.repository('ApproveRequest').update({ id }, { sealedResponse: sealed }));
  }
  return id;
}

const answerTo = (who: TestUser | null, id: string): Promise<Answer> =>
  app.as(who).get(`/approve-requests/${id}/response`);

const codeOf = ({ status, body }: Answer): string => `${status} ${body.code}`;

describe('GET /approve-requests/{id}/response', () => {
  it('given an executed request, when its applicant reads the answer, then it comes byte for byte, in sequence', async () => {
    const headers: KeptResponse['headers'] = [
      ['x-second', '1'],
      ['content-type', 'application/json; charset=utf-8'],
      ['x-second', '2'],
    ];
    const id = await givenAnswered({ status: 422, headers });

    const { status, body } = await answerTo(ann, id);

    expect([status, body]).toEqual([
      200,
      {
        status: 422,
        headers,
        body: json.toString('utf8'),
        bodyBase64: json.toString('base64'),
        truncated: false,
      },
    ]);
  });

  it.each([
    ['none', Buffer.alloc(0), ''],
    ['UTF-8', Buffer.from('安\r\n'), '安\r\n'],
    ['not UTF-8', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff]), null],
    ['half a character', Buffer.from('安').subarray(0, 2), null],
    ['a NUL byte', Buffer.from('a\0b'), null],
    ['random', randomBytes(100_000), null],
  ])(
    'given a body that is %s, then as text where it is one, and all of its bytes',
    async (_what, bytes, text) => {
      const id = await givenAnswered({ body: bytes });

      const { body } = await answerTo(ann, id);

      expect(body.body).toBe(text);
      expect(Buffer.from(body.bodyBase64 as string, 'base64').equals(bytes)).toBe(true);
    },
  );

  it('given an answer with a cookie, when an administrator reads it, then without the cookie', async () => {
    const cookie = 'session=of-ann-alone';
    const id = await givenAnswered({
      headers: [
        ['content-type', 'application/json'],
        ['set-cookie', `${cookie}; HttpOnly`],
      ],
    });

    expect(JSON.stringify((await answerTo(ann, id)).body)).toContain(cookie);
    for (const who of [boss, root]) {
      const { status, body } = await answerTo(who, id);
      expect([status, body.body], who.sub).toEqual([200, json.toString('utf8')]);
      expect(JSON.stringify(body), who.sub).not.toContain('of-ann-alone');
      expect(body.headers, who.sub).toContainEqual(['content-type', 'application/json']);
    }
  });

  it('given a system administrator with the code of the applicant, then they are not the applicant', async () => {
    const id = await givenAnswered({ headers: [['set-cookie', 'session=of-ann-alone']] });
    const namesake: TestUser = { sub: 'ann', roles: ['system_admin'] };
    const { status, body } = await answerTo(namesake, id);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain('of-ann-alone');
  });

  it('given a reviewer or a colleague, when they read it, then 403; another team, then 404', async () => {
    const id = await givenAnswered({});
    for (const who of [bob, carol]) expect(codeOf(await answerTo(who, id)), who.sub).toBe('403 forbidden');
    for (const who of [eve, rival]) expect(codeOf(await answerTo(who, id)), who.sub).toBe('404 not_found');
    expect(codeOf(await answerTo(null, id))).toBe('401 unauthenticated');
    const { key } = await created(app.as(root), '/api-keys', { name: 'erp', accCodes: ['t1'] });
    const byKey = await app.key(String(key)).get(`/approve-requests/${id}/response`);
    expect(codeOf(byKey)).toBe('403 forbidden');
  });

  it('given a request that nobody has executed, or that its own repeat took along, then 404, and 403 for reviewers', async () => {
    const waiting = await givenAnswered(null, { state: 'waiting', responseStatus: null });
    const passed = await givenAnswered(null, { mode: 'retry-once' });
    for (const id of [waiting, passed, 'no-such-request'])
      expect(codeOf(await answerTo(ann, id)), id).toBe('404 not_found');
    expect(codeOf(await answerTo(bob, waiting))).toBe('403 forbidden');
  });

  it('given an answer that was too long to be kept, then its status is told, and that it is cut off', async () => {
    const id = await givenAnswered(null, { responseStatus: 201 });
    expect((await answerTo(ann, id)).body).toEqual({
      status: 201,
      headers: [],
      body: null,
      bodyBase64: '',
      truncated: true,
    });
  });

  it('given an answer that belongs to another row, then it is not shown', async () => {
    const [one, other] = [
      await givenAnswered({}),
      await givenAnswered({ body: Buffer.from('of the other') }),
    ];
    const [row] = await app.database.rows<{ sealed: Buffer }>(
      'SELECT sealed_response AS sealed FROM dms_s_apply_approve_request WHERE id = ?',
      [other],
    );
    await app
      .get(UnitOfWork)
      .run((tx) => tx.repository('ApproveRequest').update({ id: one }, { sealedResponse: row?.sealed }));

    const answer = await answerTo(ann, one);

    expect(codeOf(answer)).toBe('503 unavailable');
    expect(JSON.stringify(answer.body)).not.toContain('of the other');
  });
});
