import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../migrations/index.js';
import { earlierVersion } from '../support/earlier-version.js';
import { freshDatabase, testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { boss, rival } from '../support/world.js';

const made = '2026-11-20 08:00:00';
const changed = '2026-11-21 09:30:00';
/** More than the migration takes at once. */
const many = 45;
const systemNode = '00000000-0000-7000-8000-000000000001';
const systemTemplate = '00000000-0000-7000-8000-000000000002';

async function insert(source: DataSource, table: string, row: Record<string, unknown>): Promise<void> {
  const columns = Object.keys(row);
  await source.query(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    Object.values(row),
  );
}

/** Nodes of several kinds, and templates of them, as the version before kept them. */
async function fill(source: DataSource): Promise<void> {
  const at = { acc_code: 't1', create_time: made, update_time: changed };
  const node = { template_node_type: '1', audit_object_type: '0', ...at };
  await insert(source, 'dms_s_apply_template_process_node', {
    ...node,
    id: 'n1',
    template_node_name: '财务复核',
    audit_object: 'bob,carol',
    user_code: 'boss',
    approval_mode: 'threshold',
    min_approvals: 2,
    when_nobody: 'fallback',
    fallback_users: 'u9',
    remark: 'r',
  });
  await insert(source, 'dms_s_apply_template_process_node', {
    ...node,
    id: 'n2',
    template_node_name: 'Leader',
    audit_object_type: '3',
    audit_object: '1',
    past_vacant: 1,
  });
  await insert(source, 'dms_s_apply_template_process_node', {
    ...node,
    id: 'n3',
    template_node_name: 'Free',
    audit_object_type: '4',
    audit_object: '',
    user_code: 'boss',
  });
  const template = { template_type: '1', template_node_id: 'n1', ...at };
  await insert(source, 'dms_s_apply_template', {
    ...template,
    id: 't-whole',
    template_name: '两级审批',
    auto_approve: 'never',
    dedupe: 'consecutive',
    remark: 'r',
  });
  for (const [stage_no, node_id, condition_text] of [
    [1, 'n1', null],
    [2, 'n2', "amount > 100 and dept = '财务'"],
    [3, 'n1', null],
  ]) {
    await insert(source, 'dms_s_apply_template_stage', {
      template_id: 't-whole',
      stage_no,
      node_id,
      condition_text,
    });
  }
  for (let index = 0; index < many; index++) {
    const id = `t-many-${index}`;
    await insert(source, 'dms_s_apply_template', { ...template, id, template_name: id });
    await insert(source, 'dms_s_apply_template_stage', { template_id: id, stage_no: 1, node_id: 'n1' });
  }
}

describe('a service that starts on a database of the version before versions', () => {
  let app: TestApp;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const fresh = await freshDatabase();
    drop = () => fresh.drop();
    const source = await earlierVersion(fresh.url, 3);
    await fill(source);
    await source.destroy();
    app = await startApp({ databaseUrl: fresh.url });
  });
  afterAll(async () => {
    await app.close();
    await drop();
  });

  const versionsOf = async (path: string) => (await app.as(boss).get(`${path}/versions`)).body.items;
  const saved = (savedBy: string) => ({ version: 1, savedBy, createTime: '2026-11-21T09:30:00.000Z' });

  it('finds every node in its first version, saved by its maker', async () => {
    expect(await versionsOf('/nodes/n1')).toEqual([saved('boss')]);
    expect((await app.as(boss).get('/nodes/n1/versions/1')).body).toEqual({
      ...saved('boss'),
      templateNodeName: '财务复核',
      auditObjectType: 'user',
      auditObject: ['bob', 'carol'],
      approvalMode: 'threshold',
      minApprovals: 2,
      restrictTo: null,
      pastVacant: false,
      whenNobody: 'fallback',
      fallback: ['u9'],
      remark: 'r',
    });
    expect((await app.as(boss).get('/nodes/n2/versions/1')).body).toMatchObject({
      ...saved('system'),
      auditObjectType: 'leader',
      auditObject: ['1'],
      pastVacant: true,
      whenNobody: 'refuse',
      fallback: [],
    });
    expect((await app.as(boss).get('/nodes/n3/versions/1')).body).toMatchObject({ auditObject: [] });
    expect(await versionsOf(`/nodes/${systemNode}`)).toMatchObject([{ version: 1, savedBy: 'system' }]);
  });

  it('finds every template in its first version, with the first versions of its nodes', async () => {
    const stage = { nodeVersion: 1, condition: null, timing: null };
    expect((await app.as(boss).get('/templates/t-whole/versions/1')).body).toEqual({
      ...saved('system'),
      templateName: '两级审批',
      autoApprove: 'never',
      dedupe: 'consecutive',
      distinctApprovers: false,
      remark: 'r',
      stages: [
        { ...stage, stageNo: 1, nodeId: 'n1', nodeName: '财务复核' },
        {
          ...stage,
          stageNo: 2,
          nodeId: 'n2',
          nodeName: 'Leader',
          condition: "amount > 100 and dept = '财务'",
        },
        { ...stage, stageNo: 3, nodeId: 'n1', nodeName: '财务复核' },
      ],
    });
    for (let index = 0; index < many; index++) {
      expect(await versionsOf(`/templates/t-many-${index}`)).toHaveLength(1);
    }
    expect((await app.as(boss).get(`/templates/${systemTemplate}/versions/1`)).body).toMatchObject({
      savedBy: 'system',
      stages: [{ ...stage, stageNo: 1, nodeId: systemNode }],
    });
  });

  it('shows them to nobody else', async () => {
    for (const path of ['/nodes/n1/versions', '/templates/t-whole/versions/1']) {
      expect(await app.as(rival).get(path)).toMatchObject({ status: 404 });
    }
  });

  it.runIf(testDialect === 'mysql')('finds no less when the migration was killed and ran again', async () => {
    const rows = () =>
      app.database.rows(
        'SELECT template_id, version, content, saved_by FROM dms_s_apply_template_version ORDER BY 1, 2',
      );
    const before = await rows();
    const Migration = migrations[3];
    if (!Migration) throw new Error('there is no such migration');
    const runner = app.database.writer.createQueryRunner();
    try {
      // given the half of what it writes
      await runner.query(`DELETE FROM dms_s_apply_template_version WHERE template_id LIKE 't-many-2%'`);
      await new Migration().up(runner);
    } finally {
      await runner.release();
    }
    expect(await rows()).toEqual(before);
  });

  it('takes them for what a change is compared with', async () => {
    // given changes through the service
    for (const [path, name] of [
      ['/nodes/n1', 'templateNodeName'],
      ['/nodes/n2', 'templateNodeName'],
      ['/nodes/n3', 'templateNodeName'],
      ['/templates/t-whole', 'templateName'],
    ]) {
      const before = (await app.as(boss).get(String(path))).body;
      const answer = await app.as(boss).patch(String(path), { [String(name)]: 'new' });
      expect(answer).toMatchObject({ status: 200, body: { version: 2 } });
      // then nothing else differs from what the migration wrote, but that a node has been saved since
      const { changes } = (await app.as(boss).get(`${path}/versions/compare?from=1&to=2`)).body;
      const own = changes.filter((change: { path: string }) => !change.path.startsWith('stages'));
      expect(own).toEqual([{ path: name, kind: 'changed', from: before[String(name)], to: 'new' }]);
      const others = changes.filter((change: { path: string }) => change.path.startsWith('stages'));
      const paths = others.map((change: { path: string }) => change.path.replace(/^stages\[\d\]\./, ''));
      expect(new Set(paths)).toEqual(
        new Set(path === '/templates/t-whole' ? ['nodeVersion', 'nodeName'] : []),
      );
    }
  });
});
