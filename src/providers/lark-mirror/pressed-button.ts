import { z } from 'zod';
import { openLark, sameSecret } from '../lark/lark.crypto.js';
import { objectOf, readJson } from '../lark/lark.json.js';
import { textOf } from '../lark/lark.settings.js';
import { claimedBy } from './action-context.js';
import type { MirrorDefinition } from './mirror-definitions.service.js';

const optionalText = z
  .union([z.string(), z.null()])
  .optional()
  .transform((value) => value ?? '');

/**
 * 三方快捷审批回调. Lists name the instance and the task, cards and what was searched for need not; the context tells in any
 * case. Ids of messages are int64, now with quotation marks and now without.
 */
const fields = z.object({
  action_type: z.enum(['APPROVE', 'REJECT']),
  action_context: z.string(),
  user_id: z.string().min(1),
  instance_id: optionalText,
  task_id: optionalText,
  reason: optionalText,
  message_id: z.union([z.string(), z.number(), z.null()]).optional(),
});

/** What somebody has pressed in the approval centre. */
export interface PressedButton {
  readonly action: 'approve' | 'reject';
  readonly context: string;
  /** By Feishu's user id, whatever ids the provider speaks otherwise. */
  readonly userId: string;
  readonly orderId: string;
  readonly taskId: string;
  readonly reason: string;
  /** Of a card; in the log only. */
  readonly messageId: string | null;
  readonly definition: MirrorDefinition;
}

/**
 * Reads what came, encrypted with a definition's key or not, and knows it by that definition's token.
 * @returns `stranger` for what nobody has sent who knows our secrets; `unreadable` for what somebody has who does
 */
export function pressedButton(
  rawBody: Buffer,
  definitions: readonly MirrorDefinition[],
): PressedButton | 'stranger' | 'unreadable' {
  const outer = objectOf(readJson(rawBody.toString('utf8')));
  const sealed = textOf(outer?.encrypt);
  for (const definition of definitions) {
    const opened = sealed === null ? outer : objectOf(readJson(openLark(sealed, definition.key) ?? ''));
    if (!opened || !isOf(definition, opened)) continue;
    const read = fields.safeParse(opened);
    if (!read.success) return 'unreadable';
    const { data } = read;
    const claimed = claimedBy(data.action_context);
    const orderId = data.instance_id || claimed?.orderId;
    const taskId = data.task_id || claimed?.taskId;
    if (orderId === undefined || taskId === undefined) return 'unreadable';
    return {
      action: data.action_type === 'APPROVE' ? 'approve' : 'reject',
      context: data.action_context,
      userId: data.user_id,
      orderId,
      taskId,
      reason: data.reason,
      messageId: data.message_id === undefined || data.message_id === null ? null : String(data.message_id),
      definition,
    };
  }
  return 'stranger';
}

/** The token is compared before the code, which is no secret. */
const isOf = (
  { token, approvalCode }: MirrorDefinition,
  message: Readonly<Record<string, unknown>>,
): boolean =>
  sameSecret(textOf(message.token) ?? '', token) &&
  approvalCode !== null &&
  message.approval_code === approvalCode;
