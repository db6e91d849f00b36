import { ApiProperty } from '@nestjs/swagger';
import { IsObject, IsUrl } from 'class-validator';
import { type ResumeWay, resumeWays, type SignPosition, signPositions } from '../engine/order-state.js';
import { type ApplyStatus, applyStatuses, maxStages } from '../engine/vocabulary.js';
import { Code, Codes, field, ListOf, Moment, OneOf, Text, Verbatim, WholeNumber } from '../http/fields.js';
import { ProblemOfOne } from '../http/problem-of-one.js';

const words = { optional: true, nullable: true } as const;

/** Words that go into the log. */
export class WordsOnOrder {
  @Text(4000, { ...words, example: '请尽快处理' })
  auditMsg?: string | null;
}

export class HandOver {
  @Code(64, {
    description: 'Somebody whom the directory lists as active for the team, and who is not on the step.',
    example: 'u2',
  })
  toUserCode: string;

  @Text(4000, { ...words, example: '出差，请代为处理' })
  auditMsg?: string | null;
}

const signers = { min: 1, max: 50, length: 64 } as const;

export class AddSigners {
  @Codes(signers, { description: 'Whose signatures the step needs besides its own.', example: ['u3'] })
  userCodes: string[];

  @OneOf(signPositions, {
    description:
      '`before`: the step waits until they have approved. `with`: beside its own reviewers. `after`: once its own reviewers have approved.',
    example: 'before',
  })
  position: SignPosition;

  @Text(4000, { ...words, example: '请法务会签' })
  auditMsg?: string | null;
}

export class RemoveSigners {
  @Codes(signers, {
    description: 'Added signatures, or opinions asked for, that are not given yet.',
    example: ['u3'],
  })
  userCodes: string[];
}

export class ReturnOrder {
  @WholeNumber(0, maxStages, {
    description: 'A step that its reviewers have passed, or 0 for the applicant.',
    example: 0,
  })
  toStep: number;

  @OneOf(resumeWays, {
    optional: true,
    description:
      '`again` (default): from there once more through every step. `back`: straight back to the step that returned it.',
    example: 'again',
  })
  resume?: ResumeWay;

  @Text(4000, { ...words, example: '请补充附件' })
  auditMsg?: string | null;
}

export class ResubmitOrder {
  @field(
    {
      optional: true,
      description: 'The variables from now on, at most 60,000 bytes of JSON; left out: as they were.',
      example: { amount: 9800, type: 'POR' },
    },
    { type: 'object', additionalProperties: true },
    IsObject(),
  )
  @Verbatim()
  variables?: Record<string, unknown>;

  @Text(4000, { ...words, example: '已改金额' })
  remark?: string | null;
}

export class CopyOrder {
  @Codes(signers, { description: 'Who may read the order from now on, in `scope=cc`.', example: ['u4'] })
  userCodes: string[];
}

export class AttachmentFields {
  @Text(255, { example: '合同.pdf' })
  name: string;

  @field(
    {
      description: 'Where the file is; the service keeps the reference only.',
      example: 'https://files.example.com/c.pdf',
    },
    { type: 'string', format: 'uri', maxLength: 2048 },
    IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true }),
  )
  url: string;
}

export class CommentOrder {
  @Text(4000, { example: '合同见附件' })
  text: string;

  @ListOf(
    () => AttachmentFields,
    { min: 0, max: 20 },
    {
      optional: true,
      example: [{ name: '合同.pdf', url: 'https://files.example.com/c.pdf' }],
    },
  )
  attachments?: AttachmentFields[];
}

export class CommentView {
  @ApiProperty({ example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @ApiProperty({ example: 'u1' })
  userCode: string;

  @ApiProperty({ example: '合同见附件' })
  text: string;

  @ApiProperty({ type: [AttachmentFields] })
  attachments: readonly AttachmentFields[];

  @Moment()
  time: Date;
}

export class CommentPage {
  @ApiProperty({ type: [CommentView] })
  items: readonly CommentView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor: string | null;
}

export class OrderToDecide {
  @Code(64, { example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  id: string;

  @WholeNumber(1, 2_147_483_647, {
    optional: true,
    description: 'The version that was read.',
    special: true,
    example: 1,
  })
  version?: number;
}

export class BulkDecisions {
  @OneOf(['approve', 'reject'], { example: 'approve' })
  decision: 'approve' | 'reject';

  @ListOf(
    () => OrderToDecide,
    { min: 1, max: 100 },
    {
      description: 'Each is decided by itself.',
      example: [{ id: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' }],
    },
  )
  orders: OrderToDecide[];

  @Text(4000, { ...words, example: '同意' })
  auditMsg?: string | null;
}

export class BulkOutcome {
  @ApiProperty()
  id: string;

  @ApiProperty({ enum: ['approved', 'rejected', 'failed'] })
  outcome: 'approved' | 'rejected' | 'failed';

  @ApiProperty({ enum: [...applyStatuses], nullable: true })
  applyStatus: ApplyStatus | null;

  @ApiProperty({ type: Number, nullable: true })
  version: number | null;

  @ApiProperty({ type: ProblemOfOne, nullable: true })
  problem: ProblemOfOne | null;
}

export class BulkOutcomes {
  @ApiProperty({ type: [BulkOutcome], description: 'In the sequence of the request.' })
  items: readonly BulkOutcome[];
}
