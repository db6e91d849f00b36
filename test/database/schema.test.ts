import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { columnsOf, tablesOf } from '../support/table-columns.js';
import { boss, root } from '../support/world.js';

/** Requirement 003, 数据库表结构设计: name, type, 主键 (key) and 非空 (required), as they stand there. */
const requirement003: Readonly<Record<string, string>> = {
  dms_s_apply_template: `
    id                varchar(64)    key  required
    template_name     varchar(64)    -    required
    template_type     char(1)        -    required
    acc_code          varchar(64)    -    -
    template_node_id  varchar(2048)  -    required
    business_type     text           -    -
    remark            text           -    -
    create_time       datetime       -    required
    update_time       datetime       -    required`,
  dms_s_apply_template_process_node: `
    id                  varchar(64)  key  required
    template_node_type  char(1)      -    required
    template_node_name  varchar(64)  -    required
    audit_object        text         -    required
    audit_object_type   char(1)      -    required
    user_code           varchar(64)  -    -
    acc_code            varchar(64)  -    -
    remark              text         -    -
    create_time         datetime     -    required
    update_time         datetime     -    required`,
  dms_s_apply_order: `
    id                 varchar(64)   key  required
    apply_template_id  varchar(64)   -    required
    business_type      varchar(125)  -    required
    apply_status       char(1)       -    required
    user_code          varchar(64)   -    required
    acc_code           varchar(64)   -    -
    remark             text          -    -
    create_time        datetime      -    required
    update_time        datetime      -    required`,
  dms_s_apply_order_process: `
    id                 varchar(64)       key  required
    apply_order_id     varchar(64)       -    required
    apply_step         tinyint_unsigned  -    required
    audit_status       char(1)           -    required
    audit_object_type  char(1)           -    required
    audit_object       text              -    required
    audit_msg          text              -    -
    audit_user_code    varchar(64)       -    required
    create_time        datetime          -    required
    update_time        datetime          -    required`,
  dms_s_apply_order_log: `
    id                   varchar(64)  key  required
    apply_order_id       varchar(64)  -    required
    operation_user_code  varchar(64)  -    required
    operation_details    text         -    required
    operation_time       datetime     -    required`,
};

/** What SQLite calls these types; it enforces neither length nor sign. */
const sqliteNames: Readonly<Record<string, string>> = {
  'char(1)': 'character(1)',
  'tinyint unsigned': 'tinyint',
};

const wanted = (table: string) =>
  (requirement003[table] ?? '')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ +/) as [string, string, string, string])
    .map(([name, written, key, required]) => {
      const type = written.replace('_', ' ');
      return {
        name,
        type: testDialect === 'mysql' ? type : (sqliteNames[type] ?? type),
        primary: key === 'key',
        required: required === 'required',
      };
    });

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

describe('the five tables of requirement 003', () => {
  describe.each(Object.keys(requirement003))('%s', (table) => {
    it('has every column with the name, type, nullability and key given there', async () => {
      const found = await columnsOf(app.database, table);
      for (const { name, type, primary, required } of wanted(table)) {
        expect({ [name]: found[name] }).toMatchObject({ [name]: { type, primary, required } });
      }
    });

    it('lets a tool that knows only these columns add a row: further ones are nullable or have a default', async () => {
      const known = new Set(wanted(table).map((column) => column.name));
      const found = Object.entries(await columnsOf(app.database, table));
      const further = found.filter(([name]) => !known.has(name));
      expect(further.filter(([, column]) => column.required && !column.hasDefault)).toEqual([]);
      expect(further.filter(([, column]) => column.primary)).toEqual([]);
    });
  });
});

describe.runIf(testDialect === 'mysql')('text', () => {
  it('is utf8mb4_bin in every column of every table: codes compare byte by byte, as on SQLite', async () => {
    const tables = await tablesOf(app.database);
    expect(tables.length).toBeGreaterThan(10);
    const others = await app.database.rows(
      `SELECT table_name, column_name, collation_name FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name <> 'dms_s_apply_migration'
          AND collation_name IS NOT NULL AND collation_name <> 'utf8mb4_bin'`,
    );
    expect(others).toEqual([]);
  });
});

describe('codes', () => {
  it('differ by case, by accent and by what other alphabets write alike', async () => {
    const admin = app.as(boss);
    for (const code of ['code', 'CODE', 'códe', 'ｃｏｄｅ']) {
      expect((await admin.post('/business-types', { code, name: code })).status).toBe(201);
    }
    expect((await admin.post('/business-types', { code: 'code', name: 'again' })).body.code).toBe(
      'already_exists',
    );
    expect((await admin.get('/business-types/CODE')).body.name).toBe('CODE');
  });
});

describe('what every installation starts with', () => {
  const systemNode = '/nodes/00000000-0000-7000-8000-000000000001';
  const systemTemplate = '/templates/00000000-0000-7000-8000-000000000002';

  it('is a system node, on which system administrators review', async () => {
    expect((await app.as(boss).get(systemNode)).body).toMatchObject({
      templateNodeType: 'system',
      auditObjectType: 'role',
      auditObject: ['system_admin'],
      accCode: null,
      userCode: null,
    });
  });

  it('and a system default template of that node', async () => {
    expect((await app.as(boss).get(systemTemplate)).body).toMatchObject({
      templateType: 'system',
      accCode: null,
      autoApprove: 'through_applicant_node',
      stages: [{ stageNo: 1, nodeId: systemNode.split('/').at(-1), condition: null }],
    });
  });

  it('and cannot be changed or deleted by anybody (requirement 003: 系统类型不允许编辑)', async () => {
    const before = [await app.as(root).get(systemNode), await app.as(root).get(systemTemplate)];
    for (const who of [root, boss]) {
      const them = app.as(who);
      for (const answer of [
        await them.patch(systemNode, { templateNodeName: 'mine' }),
        await them.patch(systemNode, { auditObjectType: 'user', auditObject: ['ann'] }),
        await them.delete(systemNode),
        await them.patch(systemTemplate, { templateName: 'mine' }),
        await them.patch(systemTemplate, { autoApprove: 'never' }),
        await them.delete(systemTemplate),
      ]) {
        expect([answer.status, answer.body.code]).toEqual([409, 'system_object']);
      }
    }
    const after = [await app.as(root).get(systemNode), await app.as(root).get(systemTemplate)];
    expect(after.map((answer) => answer.body)).toEqual(before.map((answer) => answer.body));
  });
});
