import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';
import { directoryOf, foundBy, resolve } from '../support/resolver-people.js';
import { ann, boss, created, rival, root } from '../support/world.js';

let app: TestApp;
let admin: Client;
let other: Client;
let system: Client;
beforeAll(async () => {
  app = await startApp();
  [admin, other, system] = [app.as(boss), app.as(rival), app.as(root)];
  const given = directoryOf(system);
  await given.user('ann');
  await given.user('bob', { roles: ['auditor'] });
  await given.user('eve', { accCode: 't2', roles: ['auditor'] });
  await given.user('free', { accCode: undefined });
  await given.group('fin', ['bob']);
  await given.group('fin', ['shared'], {});
});
afterAll(() => app.close());

const auditors = { auditObjectType: 'role', auditObject: ['auditor'] };
const nodeOf = async (client: Client, about: object): Promise<string> =>
  String((await created(client, '/nodes', { templateNodeName: 'node', ...about })).id);
const keyFor = async (about: object): Promise<Client> =>
  app.key(String((await created(system, '/api-keys', { name: 'key', ...about })).key));

/** Expects a refusal of these fields. */
function expectRefused({ status, body }: Answer, ...fields: readonly string[]): void {
  expect([status, body.code]).toEqual([400, 'validation_failed']);
  expect(body.errors.map((error: { field: string }) => error.field)).toEqual(fields);
}

describe('POST /directory/resolve', () => {
  it('answers who a rule finds and why, and what happens when it finds nobody', async () => {
    const answer = await resolve(admin, 'ann', auditors);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      approvers: [{ userCode: 'bob', reason: 'has role auditor' }],
      whenNobody: 'refuse',
      problem: null,
    });
  });

  it('answers the same for a stored node, with the policy of the node', async () => {
    const nodeId = await nodeOf(admin, { ...auditors, restrictTo: 'department', whenNobody: 'skip' });
    expect(await resolve(admin, 'ann', { nodeId })).toMatchObject({
      status: 200,
      body: { approvers: [], whenNobody: 'skip', problem: null },
    });
    const chosen = await nodeOf(admin, { auditObjectType: 'applicant_choice', auditObject: ['bob', 'cy'] });
    expect(await foundBy(admin, 'ann', { nodeId: chosen, chosenApprovers: ['cy'] })).toEqual([
      'cy: chosen by the applicant',
    ]);
    expectRefused(
      await resolve(admin, 'ann', { nodeId: chosen, chosenApprovers: ['ann'] }),
      'chosenApprovers',
    );
  });

  it("means the team's group before the platform's, and the platform's on a node of the platform", async () => {
    const fin = { auditObjectType: 'group', auditObject: ['fin'] };
    const own = await nodeOf(admin, fin);
    const shared = await nodeOf(system, fin);
    expect(await foundBy(admin, 'ann', { nodeId: own })).toEqual(['bob: in group fin']);
    expect(await foundBy(admin, 'ann', fin)).toEqual(['bob: in group fin']);
    expect(await foundBy(admin, 'ann', { nodeId: shared })).toEqual(['shared: in group fin']);
    expect(await foundBy(other, 'eve', fin)).toEqual(['shared: in group fin']);
  });

  it('stores nothing', async () => {
    const counts = async () => {
      const tables = ['order', 'template_process_node', 'delivery', 'user', 'group'];
      const count = (table: string) =>
        app.database.rows<{ n: number | string }>(`SELECT COUNT(*) AS n FROM dms_s_apply_${table}`);
      return (await Promise.all(tables.map(count))).map(([row]) => Number(row?.n));
    };
    const before = await counts();
    await resolve(admin, 'ann', auditors);
    expect(await counts()).toEqual(before);
  });

  it('refuses fields that do not make sense together', async () => {
    const nodeId = await nodeOf(admin, auditors);
    expectRefused(await resolve(admin, 'ann', {}), 'nodeId');
    expectRefused(await resolve(admin, 'ann', { auditObjectType: 'user' }), 'auditObject');
    expectRefused(await resolve(admin, 'ann', { nodeId, ...auditors }), 'auditObjectType', 'auditObject');
    expectRefused(await resolve(admin, 'ann', { ...auditors, auditObject: ['a,b'] }), 'auditObject');
    expectRefused(await resolve(admin, 'ann', { ...auditors, pastVacant: true }), 'pastVacant');
    expectRefused(await resolve(admin, 'ann', { ...auditors, restrictTo: 'country' }), 'restrictTo');
    expectRefused(await resolve(admin, 'ann', { ...auditors, chosenApprovers: ['bob'] }), 'chosenApprovers');
    expectRefused(await admin.post('/directory/resolve', auditors), 'userCode');
  });

  it('does not know the nodes, people and teams of others', async () => {
    const nodeId = await nodeOf(admin, auditors);
    const missing = { status: 404, body: { code: 'not_found' } };
    expect(await resolve(other, 'eve', { nodeId })).toMatchObject(missing);
    expect(await resolve(admin, 'eve', auditors)).toMatchObject(missing);
    expect(await resolve(admin, 'free', auditors)).toMatchObject({ status: 200 });
    expect(await resolve(admin, 'ann', { ...auditors, accCode: 't2' })).toMatchObject(missing);
    expect(await resolve(system, 'eve', { nodeId, accCode: 't2' })).toMatchObject(missing);
    expect(await resolve(admin, 'ann', { nodeId: 'no-such-node' })).toMatchObject(missing);
  });

  it('works in the team that a system administrator names, else in that of the node', async () => {
    const nodeId = await nodeOf(admin, auditors);
    const auditorsOf = (rule: object, userCode: string) => foundBy(system, userCode, rule);
    expect(await auditorsOf({ ...auditors, accCode: 't1' }, 'ann')).toEqual(['bob: has role auditor']);
    expect(await auditorsOf({ ...auditors, accCode: 't2' }, 'eve')).toEqual(['eve: has role auditor']);
    expect(await auditorsOf({ nodeId }, 'ann')).toEqual(['bob: has role auditor']);
    expect(await resolve(system, 'eve', { nodeId })).toMatchObject({ status: 404 });
    expect(await auditorsOf(auditors, 'eve')).toHaveLength(2);
  });

  it('is for administrators and service accounts', async () => {
    expect(await resolve(app.as(ann), 'ann', auditors)).toMatchObject({ status: 403 });
    expect(await resolve(app.as(null), 'ann', auditors)).toMatchObject({ status: 401 });

    const nodeId = await nodeOf(admin, auditors);
    const one = await keyFor({ accCodes: ['t1'] });
    expect(await foundBy(one, 'ann', { nodeId })).toEqual(['bob: has role auditor']);
    expect(await resolve(one, 'eve', auditors)).toMatchObject({ status: 404 });
    expect(await resolve(one, 'eve', { ...auditors, accCode: 't2' })).toMatchObject({ status: 404 });

    const both = await keyFor({ accCodes: ['t1', 't2'] });
    expectRefused(await resolve(both, 'ann', auditors), 'accCode');
    expect(await foundBy(both, 'eve', { ...auditors, accCode: 't2' })).toEqual(['eve: has role auditor']);
    expect(await resolve(both, 'eve', { nodeId, accCode: 't2' })).toMatchObject({ status: 404 });
  });
});
