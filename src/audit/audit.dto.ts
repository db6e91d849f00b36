import { ApiProperty } from '@nestjs/swagger';
import { Moment } from '../http/fields.js';
import { type Finding, type FindingKind, findingKinds } from '../operation-log/operation-log.service.js';

class LogProblem implements Finding {
  @ApiProperty({
    enum: [...findingKinds],
    description:
      '`altered`: a row is not as it was written. `removed`: a row is missing. `inserted`: a row that no transition wrote. ' +
      '`order_row`: the order itself disagrees with its log. `state`: replaying the log leads elsewhere than the tables.',
  })
  kind: FindingKind;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Where in the log, if anywhere.' })
  transition: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Place within the transition, from 0.' })
  seq: number | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'The id of the row, where there is one.' })
  rowId: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Of `state`: the place in the order; null where there is none.',
    example: 'order.steps.2.seats.u:bob.decision',
  })
  place: string | null;

  @ApiProperty({ example: 'its content and the row before it do not give its hash' })
  detail: string;
}

export class LogVerification {
  @ApiProperty({ description: 'Whether nothing is wrong.' })
  ok: boolean;

  @ApiProperty({ type: 'integer', description: 'Rows of the log.' })
  rows: number;

  @ApiProperty({
    type: 'integer',
    description: 'Rows from before rows carried hashes; the first row with one vouches for them.',
  })
  unhashed: number;

  @ApiProperty({ type: 'integer', description: 'Committed commands of the order.' })
  transitions: number;

  @Moment()
  checkedAt: Date;

  @ApiProperty({ type: [LogProblem], description: 'In their sequence; after some twenty it stops.' })
  problems: LogProblem[];
}
