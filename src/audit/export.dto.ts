import { Code, MomentGiven, Text } from '../http/fields.js';

/** Which rows of the log to export; all of them where nothing is asked for. */
export class LogExportQuery {
  @MomentGiven({
    optional: true,
    description: 'From this moment on, to the second.',
    example: '2026-11-01T00:00:00Z',
  })
  from?: string;

  @MomentGiven({
    optional: true,
    description: 'Before this moment; until now, when it is left out.',
    example: '2026-12-01T00:00:00Z',
  })
  to?: string;

  @Text(64, { optional: true, description: 'The name of an event.', example: 'step.approved' })
  operation?: string;

  @Code(64, { optional: true, description: 'Who did it.', example: 'bob' })
  userCode?: string;

  @Code(64, { optional: true, example: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' })
  orderId?: string;

  @Code(125, { optional: true, example: 'data-export' })
  businessType?: string;

  @Code(64, { optional: true, description: 'Of a system administrator: one team only.', example: 't1' })
  accCode?: string;
}
