import type { QueryRunner } from 'typeorm';
import { insertOnce } from './tables.js';

/*
 * Version 1 of every template and node, as they are when versions begin. The content is written down here as the
 * version of the service that begins with them reads it, and stays so whatever comes later.
 */

interface NodeFound {
  readonly id: string;
  readonly templateNodeName: string;
  readonly auditObject: string;
  readonly auditObjectType: string;
  readonly approvalMode: string;
  readonly minApprovals: number | null;
  readonly restrictTo: string | null;
  readonly pastVacant: number;
  readonly whenNobody: string;
  readonly fallbackUsers: string | null;
  readonly remark: string | null;
  readonly userCode: string | null;
  readonly updateTime: Date | string;
}

interface TemplateFound {
  readonly id: string;
  readonly templateName: string;
  readonly autoApprove: string;
  readonly dedupe: string;
  readonly remark: string | null;
  readonly updateTime: Date | string;
}

interface StageFound {
  readonly templateId: string;
  readonly stageNo: number;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly conditionText: string | null;
}

/** A template of 255 stages with long conditions is half a megabyte: few at once, so that a statement stays small. */
const rowsAtOnce = 20;
const firstVersion = 1;

/** Nobody wrote down who saved a template; a node without a maker is one that the service came with. */
const nobody = 'system';

const auditObjectTypes = ['user', 'group', 'role', 'leader', 'applicant_choice', 'resolver'];

const codesOf = (column: string | null): string[] => (column ? column.split(',') : []);

const places = (count: number): string => Array.from({ length: count }, () => '?').join(', ');

/** A `datetime` as it was read, to be written again: SQLite answers the text, MySQL a Date. */
const timeOf = (value: Date | string): string =>
  (value instanceof Date ? value.toISOString() : value).slice(0, 19).replace('T', ' ');

/** Keeps what nodes and templates say now as their first version. What is kept already stays as it is. */
export async function keepFirstVersions(runner: QueryRunner): Promise<void> {
  await keepAll(runner, nodesAfter, async (nodes) => {
    await insert(
      runner,
      'dms_s_apply_node_version (node_id, version, content, saved_by, create_time)',
      nodes.map((node) => [node.id, nodeContent(node), node.userCode ?? nobody, timeOf(node.updateTime)]),
    );
  });
  await keepAll(runner, templatesAfter, async (templates) => {
    const stages = await stagesOf(
      runner,
      templates.map(({ id }) => id),
    );
    await insert(
      runner,
      'dms_s_apply_template_version (template_id, version, content, saved_by, create_time)',
      templates.map((template) => [
        template.id,
        templateContent(
          template,
          stages.filter(({ templateId }) => templateId === template.id),
        ),
        nobody,
        timeOf(template.updateTime),
      ]),
    );
  });
}

/** Goes through a table by the id, a few rows at once. */
async function keepAll<Row extends { readonly id: string }>(
  runner: QueryRunner,
  read: (runner: QueryRunner, after: string) => Promise<Row[]>,
  keep: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  for (let rows = await read(runner, ''); rows.length > 0; rows = await read(runner, rows.at(-1)?.id ?? '')) {
    await keep(rows);
  }
}

const nodesAfter = (runner: QueryRunner, after: string): Promise<NodeFound[]> =>
  runner.query(
    `SELECT id, template_node_name AS templateNodeName, audit_object AS auditObject,
            audit_object_type AS auditObjectType, approval_mode AS approvalMode, min_approvals AS minApprovals,
            restrict_to AS restrictTo, past_vacant AS pastVacant, when_nobody AS whenNobody,
            fallback_users AS fallbackUsers, remark, user_code AS userCode, update_time AS updateTime
       FROM dms_s_apply_template_process_node WHERE id > ? ORDER BY id LIMIT ${rowsAtOnce}`,
    [after],
  );

const templatesAfter = (runner: QueryRunner, after: string): Promise<TemplateFound[]> =>
  runner.query(
    `SELECT id, template_name AS templateName, auto_approve AS autoApprove, dedupe, remark, update_time AS updateTime
       FROM dms_s_apply_template WHERE id > ? ORDER BY id LIMIT ${rowsAtOnce}`,
    [after],
  );

const stagesOf = (runner: QueryRunner, ids: readonly string[]): Promise<StageFound[]> =>
  runner.query(
    `SELECT s.template_id AS templateId, s.stage_no AS stageNo, s.node_id AS nodeId,
            n.template_node_name AS nodeName, s.condition_text AS conditionText
       FROM dms_s_apply_template_stage s
       JOIN dms_s_apply_template_process_node n ON n.id = s.node_id
      WHERE s.template_id IN (${places(ids.length)})
      ORDER BY s.template_id, s.stage_no`,
    [...ids],
  );

/** @param rows id, content, who saved it, when. */
async function insert(
  runner: QueryRunner,
  into: string,
  rows: readonly (readonly string[])[],
): Promise<void> {
  await runner.query(
    `${insertOnce(runner)} ${into} VALUES ${rows.map(() => `(?, ${firstVersion}, ?, ?, ?)`).join(', ')}`,
    rows.flat(),
  );
}

const nodeContent = (node: NodeFound): string =>
  JSON.stringify({
    templateNodeName: node.templateNodeName,
    auditObjectType: auditObjectTypes[Number(node.auditObjectType)],
    auditObject: codesOf(node.auditObject),
    approvalMode: node.approvalMode,
    minApprovals: node.minApprovals,
    restrictTo: node.restrictTo,
    pastVacant: node.pastVacant === 1,
    whenNobody: node.whenNobody,
    fallback: codesOf(node.fallbackUsers),
    remark: node.remark,
  });

const templateContent = (template: TemplateFound, stages: readonly StageFound[]): string =>
  JSON.stringify({
    templateName: template.templateName,
    autoApprove: template.autoApprove,
    dedupe: template.dedupe,
    distinctApprovers: false,
    remark: template.remark,
    stages: stages.map(({ stageNo, nodeId, nodeName, conditionText }) => ({
      stageNo,
      nodeId,
      nodeName,
      nodeVersion: firstVersion,
      condition: conditionText,
      timing: null,
    })),
  });
