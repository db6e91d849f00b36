import { platform } from '../../auth/sight.js';
import { durationText } from '../../http/fields.js';
import type { ActionMethod, Hold, Mode } from '../vocabulary.js';
import type { ActionRow } from './action.entity.js';
import type { ApproveActionView } from './actions.dto.js';

/** A row as the API answers it. */
export const toView = (row: ActionRow) =>
  ({
    id: row.id,
    name: row.name,
    description: row.description,
    accCode: row.scope === platform ? null : row.scope,
    path: row.path,
    method: row.method as ActionMethod,
    provider: row.provider,
    businessType: row.businessType,
    upstream: row.upstream,
    mode: row.mode as Mode,
    hold: row.hold as Hold,
    ignoreQuery: ignoredBy(row),
    waitTtl: durationText(row.waitTtl),
    passTtl: durationText(row.passTtl),
    resultTtl: durationText(row.resultTtl),
    createTime: row.createTime,
    updateTime: row.updateTime,
  }) satisfies ApproveActionView;

/** The query parameters that do not tell requests of an action apart. */
export const ignoredBy = ({ ignoreQuery }: ActionRow): string[] =>
  ignoreQuery === null ? [] : (JSON.parse(ignoreQuery) as string[]);
