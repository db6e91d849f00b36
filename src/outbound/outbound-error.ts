import { errors } from 'undici';

/**
 * Why a call brought no answer. `address`: the target may not be called, and nothing was sent to it; `timeout`: the whole
 * exchange did not fit into its time; `connection`: everything else, from a name that does not resolve to an answer that is not HTTP.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';

  constructor(
    readonly kind: 'address' | 'timeout' | 'connection',
    /** For people: neither headers nor the URL, which may hold secrets. */
    message: string,
  ) {
    super(message);
  }
}

const notHttp = 'The answer is not valid HTTP';

/** What a person is told for codes of Node.js and undici; the first pattern that fits. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/^(ENOTFOUND|EAI_|ENODATA)/, 'The host name does not resolve'],
  [/^ECONNREFUSED$/, 'The connection was refused'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'The connection was closed before the answer was complete'],
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'The headers of the answer are too large'],
  [/^UND_ERR_RES_CONTENT_LENGTH_MISMATCH$/, notHttp],
  [/^(EPROTO|ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/, 'The TLS connection failed'],
  [/^(UND_ERR_INVALID_ARG|UND_ERR_NOT_SUPPORTED|ERR_INVALID)/, 'The request cannot be sent'],
];

/**
 * What went wrong on the way as one of the three kinds.
 * @returns the error itself when it is one already; else one that says the code and keeps nothing else of the original,
 *   which may repeat addresses, headers and answers, and would end in a log.
 */
export function outboundError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  // undici means to give these a code and does not.
  if (error instanceof errors.HTTPParserError) return new OutboundError('connection', notHttp);
  const code = codeOf(error);
  if (/^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/.test(code)) {
    return new OutboundError('timeout', `No connection or answer in time (${code})`);
  }
  const sentence = sentences.find(([pattern]) => pattern.test(code))?.[1] ?? 'The connection failed';
  return new OutboundError('connection', code === '' ? sentence : `${sentence} (${code})`);
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : '';
}
