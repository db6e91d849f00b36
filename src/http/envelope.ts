import { ApiProperty } from '@nestjs/swagger';

/** How requirement 001's own web API answers; errors are told as everywhere else here (RFC 9457). */
export class Envelope {
  @ApiProperty({ example: 0 })
  retcode: 0;

  @ApiProperty({ example: 'success' })
  msg: 'success';

  @ApiProperty({ example: '' })
  error: '';
}

export const enveloped = <T extends object>(resp: T): Envelope & { readonly resp: T } => ({
  retcode: 0,
  msg: 'success',
  error: '',
  resp,
});
