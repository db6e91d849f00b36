import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCommaColumnsAgree } from '../support/comma-columns.js';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';
import { boss, created } from '../support/world.js';

let app: TestApp;
let admin: Client;
beforeAll(async () => {
  app = await startApp({ env: { CALLBACK_ALLOWED_HOSTS: '10.0.0.0/8' } });
  admin = app.as(boss);
});
afterAll(async () => {
  await expectCommaColumnsAgree(app.database);
  await app.close();
});

const address = 'https://dms.example.com/approvers';
const codes = (count: number): string[] => Array.from({ length: count }, (_, index) => `c${index}`);
/** A plain list for each type. */
const lists: Readonly<Record<string, readonly string[]>> = {
  user: ['u1'],
  group: ['g1'],
  role: ['auditor'],
  leader: ['1'],
  applicant_choice: [],
  resolver: [address],
};
const types = Object.keys(lists);

const newNode = ({ auditObjectType = 'user', ...more }: Record<string, unknown> = {}) => ({
  templateNodeName: 'node',
  auditObjectType,
  auditObject: lists[String(auditObjectType)],
  ...more,
});
const givenNode = async (more: Record<string, unknown> = {}): Promise<string> =>
  `/nodes/${String((await created(admin, '/nodes', newNode(more))).id)}`;
const post = (more: Record<string, unknown>): Promise<Answer> => admin.post('/nodes', newNode(more));

/** Expects a refusal of these fields, with these words in its text. */
function expectRefused(answer: Answer, fields: readonly string[], words = ''): void {
  expect(answer, JSON.stringify(answer.body)).toMatchObject({
    status: 400,
    body: { code: 'validation_failed' },
  });
  expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual(fields);
  expect(answer.body.detail).toContain(words);
}

/** What is stored: the comma column, the fallback column, and the rows. */
async function storedOf(path: string) {
  const id = path.split('/').at(-1) ?? '';
  const [row] = await app.database.rows<{ list: string; fallback: string | null }>(
    `SELECT audit_object AS list, fallback_users AS fallback
       FROM dms_s_apply_template_process_node WHERE id = ?`,
    [id],
  );
  const rows = await app.database.rows<{ code: string }>(
    'SELECT object_code AS code FROM dms_s_apply_template_node_object WHERE node_id = ? ORDER BY position',
    [id],
  );
  return { ...row, rows: rows.map(({ code }) => code) };
}

describe('POST /nodes, how the reviewers are found', () => {
  it('given only a type and a list, then everything else has its default', async () => {
    for (const auditObjectType of types) {
      const made = await created(admin, '/nodes', newNode({ auditObjectType }));
      expect(made).toMatchObject({
        auditObjectType,
        auditObject: lists[auditObjectType],
        approvalMode: 'any',
        minApprovals: null,
        restrictTo: null,
        pastVacant: false,
        whenNobody: 'refuse',
        fallback: [],
      });
      expect((await admin.get(`/nodes/${String(made.id)}`)).body).toEqual(made);
    }
  });

  it('given every field, then the node shows them, alone and in the list', async () => {
    const body = newNode({
      auditObjectType: 'group',
      auditObject: ['finance', 'legal'],
      approvalMode: 'threshold',
      minApprovals: 3,
      restrictTo: 'department_chain',
      pastVacant: false,
      whenNobody: 'fallback',
      fallback: ['u9', '审批人'],
    });
    const made = await created(admin, '/nodes', body);
    expect(made).toMatchObject(body);
    expect((await admin.get('/nodes?limit=1')).body.items).toEqual([made]);
    expect(await storedOf(`/nodes/${String(made.id)}`)).toEqual({
      list: 'finance,legal',
      fallback: 'u9,审批人',
      rows: ['finance', 'legal'],
    });
  });

  it('given a node of each type, then codes have rows, an address and an empty list have none', async () => {
    for (const auditObjectType of types) {
      const list = lists[auditObjectType] ?? [];
      expect(await storedOf(await givenNode({ auditObjectType }))).toEqual({
        list: list.join(','),
        fallback: null,
        rows: auditObjectType === 'resolver' ? [] : list,
      });
    }
    const candidates = await givenNode({ auditObjectType: 'applicant_choice', auditObject: ['a', 'b'] });
    expect(await storedOf(candidates)).toMatchObject({ list: 'a,b', rows: ['a', 'b'] });
  });

  it.each([
    ['user', codes(200)],
    ['group', codes(200)],
    ['role', codes(20)],
    ['role', ['system_admin']],
    ['leader', ['20']],
    ['applicant_choice', codes(200)],
    ['resolver', [`https://h/${'p'.repeat(2038)}`]],
    ['resolver', ['http://10.0.0.1:8080/approvers?of=team']],
  ])('given a list at its limit for %s, then the node holds it', async (auditObjectType, auditObject) => {
    const made = await created(admin, '/nodes', newNode({ auditObjectType, auditObject }));
    expect(made).toMatchObject({ auditObjectType, auditObject });
  });

  it.each([
    ['no user', 'user', []],
    ['201 users', 'user', codes(201)],
    ['a user code of 65 characters', 'user', ['u'.repeat(65)]],
    ['an empty user code', 'user', ['']],
    ['no group', 'group', []],
    ['a group code with a slash', 'group', ['t1/finance']],
    ['no role', 'role', []],
    ['21 roles', 'role', codes(21)],
    ['no leader', 'leader', []],
    ['two leaders', 'leader', ['1', '2']],
    ['leader 0', 'leader', ['0']],
    ['leader 21', 'leader', ['21']],
    ['leader 01', 'leader', ['01']],
    ['a leader by name', 'leader', ['ann']],
    ['a leader that is a number', 'leader', [1]],
    ['201 candidates', 'applicant_choice', codes(201)],
    ['a candidate twice', 'applicant_choice', ['a', 'a']],
    ['null for candidates', 'applicant_choice', null],
    ['no address', 'resolver', []],
    ['two addresses', 'resolver', ['http://10.0.0.1/a', 'http://10.0.0.1/b']],
    ['an address without a scheme', 'resolver', ['dms.example.com/approvers']],
    ['an address of another scheme', 'resolver', ['ftp://dms.example.com/']],
    ['an address with a password', 'resolver', ['http://u:p@dms.example.com/']],
    ['an address of 2049 characters', 'resolver', [`https://h/${'p'.repeat(2039)}`]],
    ['an address that is too long with its commas', 'resolver', [`https://h/${'p'.repeat(2037)},`]],
    ['an address inside the house', 'resolver', ['http://127.0.0.1/approvers']],
    ['a local name', 'resolver', ['http://localhost/approvers']],
    ['an address of a private network', 'resolver', ['http://192.168.0.1/a,b']],
  ])('given %s, then it is refused', async (_what, auditObjectType, auditObject) => {
    expectRefused(await post({ auditObjectType, auditObject }), ['auditObject']);
  });

  it('given an address that must not be called, then the answer says why', async () => {
    const answer = await post({ auditObjectType: 'resolver', auditObject: ['http://192.168.0.1/'] });
    expectRefused(answer, ['auditObject'], 'only public addresses may be called');
  });

  it('given an address with commas, then they are encoded and it stays one entry', async () => {
    const auditObject = [`${address}?fields=a,b`];
    const path = await givenNode({ auditObjectType: 'resolver', auditObject });
    const encoded = `${address}?fields=a%2Cb`;
    expect((await admin.get(path)).body.auditObject).toEqual([encoded]);
    expect(await storedOf(path)).toMatchObject({ list: encoded, rows: [] });
    // and what is shown can be sent back
    const again = await admin.patch(path, { auditObject: [encoded] });
    expect(again).toMatchObject({ status: 200, body: { auditObject: [encoded] } });
  });

  it('given types and policies that do not exist, then each is refused', async () => {
    expectRefused(await post({ auditObjectType: 'robot', auditObject: ['u'] }), ['auditObjectType']);
    expectRefused(await post({ approvalMode: 'most' }), ['approvalMode']);
    expectRefused(await post({ restrictTo: 'planet' }), ['restrictTo']);
    expectRefused(await post({ whenNobody: 'wait' }), ['whenNobody']);
    expectRefused(await post({ pastVacant: 'yes' }), ['pastVacant']);
  });
});

describe('POST /nodes, how many must agree', () => {
  it.each(['any', 'all', 'sequential'])(
    'given the mode %s, then it takes no number',
    async (approvalMode) => {
      expect(await post({ approvalMode, minApprovals: null })).toMatchObject({
        status: 201,
        body: { approvalMode, minApprovals: null },
      });
      expectRefused(await post({ approvalMode, minApprovals: 1 }), ['minApprovals'], approvalMode);
    },
  );

  it('given a number without a mode, then the mode is threshold', async () => {
    const made = await post({ auditObject: ['a', 'b', 'c'], minApprovals: 2 });
    expect(made).toMatchObject({ status: 201, body: { approvalMode: 'threshold', minApprovals: 2 } });
  });

  it('given the mode threshold without a number, then it is refused', async () => {
    expectRefused(await post({ approvalMode: 'threshold' }), ['minApprovals']);
    expectRefused(await post({ approvalMode: 'threshold', minApprovals: null }), ['minApprovals']);
  });

  it.each([0, 201, 1.5, '2', -1])('given the number %j, then it is refused', async (minApprovals) => {
    expectRefused(await post({ auditObjectType: 'group', minApprovals }), ['minApprovals']);
  });

  it.each([
    ['user', ['a', 'b'], 3, 'asks for 3 approvals of 2 people'],
    ['user', ['a'], 2, 'asks for 2 approvals of 1 person'],
    ['applicant_choice', ['a', 'b'], 3, 'asks for 3 approvals of 2 people'],
    ['leader', ['1'], 2, 'asks for 2 approvals of 1 person'],
  ])('given %s %j and %i approvals, then it is refused', async (auditObjectType, auditObject, n, words) => {
    expectRefused(await post({ auditObjectType, auditObject, minApprovals: n }), ['minApprovals'], words);
  });

  it.each([
    ['user', ['a', 'b'], 2],
    ['applicant_choice', ['a', 'b'], 2],
    ['applicant_choice', [], 200],
    ['leader', ['1'], 1],
    ['group', ['g'], 200],
    ['role', ['auditor'], 3],
    ['resolver', [address], 3],
  ])('given %s %j and %i approvals, then it is taken', async (auditObjectType, auditObject, n) => {
    expect(await post({ auditObjectType, auditObject, minApprovals: n })).toMatchObject({
      status: 201,
      body: { approvalMode: 'threshold', minApprovals: n },
    });
  });
});

describe('POST /nodes, who is kept and who is asked instead', () => {
  it.each(types)(
    'given %s, then only people, groups and roles can be restricted',
    async (auditObjectType) => {
      const restrictable = ['user', 'group', 'role'].includes(auditObjectType);
      for (const restrictTo of ['group', 'department', 'department_chain']) {
        const answer = await post({ auditObjectType, restrictTo });
        if (restrictable) expect(answer).toMatchObject({ status: 201, body: { restrictTo } });
        else expectRefused(answer, ['restrictTo']);
      }
      expect(await post({ auditObjectType, restrictTo: null })).toMatchObject({ status: 201 });
    },
  );

  it.each(types)('given %s, then only a leader passes vacant posts', async (auditObjectType) => {
    const answer = await post({ auditObjectType, pastVacant: true });
    if (auditObjectType === 'leader') expect(answer).toMatchObject({ body: { pastVacant: true } });
    else expectRefused(answer, ['pastVacant']);
    expect(await post({ auditObjectType, pastVacant: false })).toMatchObject({ status: 201 });
  });

  it('given a policy for nobody, then people stand beside fallback and beside nothing else', async () => {
    for (const whenNobody of ['refuse', 'skip', 'admin']) {
      expect(await post({ whenNobody, fallback: [] })).toMatchObject({ status: 201, body: { whenNobody } });
      expectRefused(await post({ whenNobody, fallback: ['u9'] }), ['fallback']);
    }
    expectRefused(await post({ fallback: ['u9'] }), ['fallback']);
    expectRefused(await post({ whenNobody: 'fallback' }), ['fallback']);
    expectRefused(await post({ whenNobody: 'fallback', fallback: [] }), ['fallback']);
    const most = { whenNobody: 'fallback', fallback: codes(20) };
    expect(await post(most)).toMatchObject({ status: 201, body: most });
    for (const fallback of [codes(21), ['a,b'], ['a', 'a'], ['u'.repeat(65)], 'u9', null]) {
      expectRefused(await post({ whenNobody: 'fallback', fallback }), ['fallback']);
    }
  });

  it('given several wrong fields, then the answer names each of them', async () => {
    const wrong = { auditObjectType: 'leader', auditObject: ['0'], minApprovals: 2, restrictTo: 'group' };
    expectRefused(await post(wrong), ['auditObject', 'minApprovals', 'restrictTo']);
  });
});
