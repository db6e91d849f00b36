import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderEvent } from '../../src/engine/events.js';
import { replay } from '../../src/engine/evolve.js';
import { OrdersRepository } from '../../src/orders/orders.repository.js';
import { earlierVersion } from '../support/earlier-version.js';
import { freshDatabase } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { comparable, historiesOf } from '../support/order-history.js';
import { carol, dave, path } from '../support/world.js';

const time = '2026-11-22 08:00:00';
const steps = [
  { applyStep: 1, mode: 'any', type: 'user', object: ['bob'], subjects: ['u:bob'] },
  { applyStep: 2, mode: 'all', type: 'group', object: ['fin'], subjects: ['g:t1/fin'] },
];

/** What the version before logged: events without anything that has been added since. */
const log: readonly (readonly Record<string, unknown>[])[] = [
  [
    {
      type: 'order.opened',
      applicant: 'ann',
      applicantSystemAdmin: false,
      autoApprove: 'through_applicant_node',
      hasExecute: false,
      steps: steps.map(({ applyStep, mode, type, object, subjects }) => ({
        applyStep,
        nodeId: `n${applyStep}`,
        nodeName: `node ${applyStep}`,
        auditObjectType: type,
        auditObject: object,
        approvalMode: mode,
        condition: null,
        subjects,
      })),
    },
    { type: 'check.requested' },
  ],
  [
    { type: 'callback.check.succeeded', msg: null },
    { type: 'step.in_review', applyStep: 1, requiredApprovals: 1, people: [] },
  ],
  [
    { type: 'step.approved', applyStep: 1, userCode: 'bob', auditMsg: 'ok', capacity: 'assignee' },
    { type: 'step.in_review', applyStep: 2, requiredApprovals: 2, people: ['carol', 'dave'] },
  ],
  [{ type: 'step.voted', applyStep: 2, userCode: 'carol', auditMsg: null, capacity: 'assignee' }],
];

async function insert(source: DataSource, table: string, row: Record<string, unknown>): Promise<void> {
  const columns = Object.keys(row);
  await source.query(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    Object.values(row),
  );
}

/** An order under way, its second step half approved, and people with roles. */
async function fill(source: DataSource): Promise<void> {
  const at = { create_time: time, update_time: time };
  await insert(source, 'dms_s_apply_user', {
    user_code: 'carol',
    name: 'Carol',
    acc_code: 't1',
    roles: 'team_admin,经理',
    active: 1,
    ...at,
  });
  await insert(source, 'dms_s_apply_group', { scope: 't1', code: 'fin', name: '财务部', ...at });
  for (const user_code of ['carol', 'dave']) {
    await insert(source, 'dms_s_apply_group_member', { scope: 't1', group_code: 'fin', user_code });
  }
  await insert(source, 'dms_s_apply_order', {
    id: 'o1',
    apply_template_id: 'template',
    template_name: 'two',
    business_type: 'export',
    apply_status: '2',
    user_code: 'ann',
    acc_code: 't1',
    variables: '{}',
    version: 4,
    ...at,
  });
  for (const { applyStep, mode, type, object } of steps) {
    await insert(source, 'dms_s_apply_order_process', {
      id: `p${applyStep}`,
      apply_order_id: 'o1',
      apply_step: applyStep,
      node_id: `n${applyStep}`,
      node_name: `node ${applyStep}`,
      audit_object_type: type === 'user' ? '0' : '1',
      audit_object: object.join(','),
      approval_mode: mode,
      audit_status: applyStep === 1 ? '4' : '2',
      audit_user_code: applyStep === 1 ? 'bob' : '',
      audit_msg: applyStep === 1 ? 'ok' : null,
      required_approvals: applyStep,
      people: applyStep === 1 ? null : '["carol","dave"]',
      ...at,
    });
  }
  const seat = { apply_order_id: 'o1', business_type: 'export', template_id: 'template' };
  const more = {
    template_name: 'two',
    user_code: 'ann',
    node_name: 'node',
    acc_code: 't1',
    create_time: time,
  };
  const decided = (by: string) => ({
    decision: '1',
    capacity: 'assignee',
    decided_by: by,
    decided_at: time,
    audit_msg: by === 'bob' ? 'ok' : null,
  });
  for (const row of [
    { subject: 'u:bob', apply_step: 1, state: 2, candidate: 1, ...decided('bob') },
    { subject: 'g:t1/fin', apply_step: 2, state: 0, candidate: 1 },
    { subject: 'u:carol', apply_step: 2, state: 2, candidate: 0, ...decided('carol') },
    { subject: 'u:dave', apply_step: 2, state: 1, candidate: 0 },
  ]) {
    await insert(source, 'dms_s_apply_order_assignee', { ...seat, ...more, ...row });
  }
  for (const [index, events] of log.entries()) {
    for (const [seq, event] of events.entries()) {
      await insert(source, 'dms_s_apply_order_log', {
        id: `l${index}.${seq}`,
        apply_order_id: 'o1',
        operation_user_code: 'ann',
        operation_details: '',
        operation_time: time,
        operation: event['type'],
        operation_data: JSON.stringify(event),
        transition_no: index + 1,
        seq,
      });
    }
  }
}

describe('a service that starts on a database of the version before seats changed hands', () => {
  let app: TestApp;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const fresh = await freshDatabase();
    drop = () => fresh.drop();
    const source = await earlierVersion(fresh.url, 2);
    await fill(source);
    await source.destroy();
    app = await startApp({ databaseUrl: fresh.url });
  });
  afterAll(async () => {
    await app.close();
    await drop();
  });

  it('reads the order as its old log tells it', async () => {
    const state = (await app.get(OrdersRepository).find('all', 'o1'))?.state;
    const rebuilt = replay(JSON.parse(JSON.stringify(log)) as OrderEvent[][]);
    // What was decided before seats changed hands cannot be taken back; all else is as the log has it.
    expect(state && comparable(state)).toEqual(rebuilt && comparable({ ...rebuilt, lastDecision: null }));
    expect(state).toMatchObject({ hasCheck: true, dedupe: 'none', returned: null });
    expect(state?.steps[1]?.seats).toContainEqual(
      expect.objectContaining({ subject: 'u:dave', kind: 'found', turn: 'open', gone: null }),
    );
  });

  it('finds people by the roles that they had', async () => {
    const rows = await app.database.rows<{ role: string }>(
      `SELECT role FROM dms_s_apply_user_role WHERE user_code = 'carol' ORDER BY role`,
    );
    expect(rows.map((row) => row.role)).toEqual(['team_admin', '经理']);
  });

  it('lets whoever is still asked decide, and nobody twice', async () => {
    expect((await app.as(carol).post('/orders/o1/approve', {})).body.code).toBe('already_decided');
    const done = await app.as(dave).post('/orders/o1/approve', {});
    expect([done.status, done.body.applyStatus, path(done.body)]).toEqual([
      200,
      'completed',
      ['approved', 'approved'],
    ]);
    await historiesOf(app.database);
  });
});
