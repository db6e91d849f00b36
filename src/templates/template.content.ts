import { nameOf, originCodes } from '../engine/codes.js';
import type { AutoApprove, Dedupe } from '../engine/vocabulary.js';
import { commaList } from './comma-list.js';
import { timingColumn, timingIn } from './stage-timing.js';
import type { TemplateContent } from './template-versions.dto.js';
import type { TemplateRow } from './template.entity.js';
import type { StageFields, StageView, TemplateView } from './templates.dto.js';
import type { NewStage, StageRecord } from './templates.repository.js';

/** What `template_node_id` (varchar) holds, in bytes. */
const nodeIdBytes = 2048;

export const idsOf = (stages: readonly StageFields[]): string[] => stages.map((stage) => stage.nodeId);

/** The stages' nodes as the column of requirement 003 shows them. */
export const nodeIdsOf = (stages: readonly StageFields[]): string => commaList(idsOf(stages), nodeIdBytes);

/** A blank condition is none. */
export const toStage = ({ nodeId, condition, timing }: StageFields): NewStage => ({
  nodeId,
  conditionText: condition?.trim() ? condition : null,
  timing: timingColumn(timing),
});

const fieldsOf = (row: TemplateRow) => ({
  templateName: row.templateName,
  autoApprove: row.autoApprove as AutoApprove,
  dedupe: row.dedupe as Dedupe,
  distinctApprovers: row.distinctApprovers === 1,
  remark: row.remark,
});

/** All that an administrator can change of a template: what says the same here is the same version. */
export const wordsOf = (row: TemplateRow, stages: readonly NewStage[]) => ({
  ...fieldsOf(row),
  stages: stages.map(({ nodeId, conditionText, timing }) => ({ nodeId, conditionText, timing })),
});

/** What a version of a template keeps: its words, and from which versions of its nodes it was made. */
export const contentOf = (row: TemplateRow, stages: readonly StageRecord[]): TemplateContent => ({
  ...fieldsOf(row),
  stages: stages.map((stage) => {
    const { stageNo, nodeId, nodeName, ...rest } = viewOf(stage);
    return { stageNo, nodeId, nodeName, nodeVersion: stage.nodeVersion, ...rest };
  }),
});

export const toView = (
  row: TemplateRow,
  stages: readonly StageRecord[],
  bound: readonly { readonly code: string }[],
): TemplateView => ({
  id: row.id,
  templateType: nameOf(originCodes, row.templateType),
  accCode: row.accCode,
  ...fieldsOf(row),
  version: row.version,
  stages: stages.map(viewOf),
  businessTypes: bound.map(({ code }) => code),
  createTime: row.createTime,
  updateTime: row.updateTime,
});

const viewOf = ({ stageNo, nodeId, nodeName, conditionText, timing }: StageRecord): StageView => ({
  stageNo,
  nodeId,
  nodeName,
  condition: conditionText,
  timing: timingIn(timing),
});
