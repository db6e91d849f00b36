import { expect } from 'vitest';
import type { Database } from '../../src/database/database.js';
import { commaList } from '../../src/templates/comma-list.js';

/** Codes of `audit_object_type`. */
const applicantChoice = '4';
const resolver = '5';

/**
 * Expects of every row that what the comma-separated columns of requirement 003 show is what the normalised rows say:
 * `audit_object` of nodes, `template_node_id` and `business_type` of templates. The latter two are as long as their
 * columns allow. The address of a resolver stands in the column alone, and is one entry there.
 */
export async function expectCommaColumnsAgree(database: Database): Promise<void> {
  const objects = await lists(
    database,
    'SELECT node_id AS id, object_code AS item FROM dms_s_apply_template_node_object ORDER BY node_id, position',
  );
  const stages = await lists(
    database,
    'SELECT template_id AS id, node_id AS item FROM dms_s_apply_template_stage ORDER BY template_id, stage_no',
  );
  const bound = await lists(
    database,
    `SELECT DISTINCT template_id AS id, business_type AS item FROM dms_s_apply_template_binding
      ORDER BY template_id, business_type`,
  );
  const nodes = await database.rows<{ id: string; type: string; audit_object: string }>(
    'SELECT id, audit_object_type AS type, audit_object FROM dms_s_apply_template_process_node',
  );
  for (const { id, type, audit_object } of nodes) {
    const codes = objects.get(id) ?? [];
    const address = type === resolver && /^https?:[^,]+$/.test(audit_object);
    expect({ id, type, audit_object, codes }).toEqual({
      id,
      type,
      audit_object: address ? audit_object : codes.join(','),
      codes: address ? [] : codes,
    });
    // Only an applicant's choice may name nobody.
    if (audit_object === '') expect({ id, type }).toEqual({ id, type: applicantChoice });
  }
  const templates = await database.rows<{
    id: string;
    template_node_id: string;
    business_type: string | null;
  }>('SELECT id, template_node_id, business_type FROM dms_s_apply_template');
  for (const row of templates) {
    const types = bound.get(row.id);
    expect(row).toEqual({
      id: row.id,
      template_node_id: commaList(stages.get(row.id) ?? [], 2_048),
      business_type: types ? commaList(types, 65_535) : null,
    });
  }
}

async function lists(database: Database, sql: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const { id, item } of await database.rows<{ id: string; item: string }>(sql)) {
    const list = found.get(id);
    if (list) list.push(item);
    else found.set(id, [item]);
  }
  return found;
}
