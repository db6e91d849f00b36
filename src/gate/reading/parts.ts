/** A part of a multipart body (RFC 7578). */
export interface Part {
  readonly name: string | null;
  readonly filename: string | null;
  readonly contentType: string | null;
  /** Whether it is told by `Content-Transfer-Encoding`, and so is not what it looks like. */
  readonly encoded: boolean;
  readonly content: Buffer;
}

/**
 * The parts of a multipart body, for people to look at.
 * @param limit at most so many
 * @returns null for what is none
 */
export function partsOf(contentType: string, body: Buffer, limit: number): readonly Part[] | null {
  const found = /boundary\s{0,20}=\s{0,20}(?:"([^"]{1,200})"|([^\s";,]{1,200}))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) return null;
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  const parts: Part[] = [];
  let at = body.indexOf(delimiter);
  while (at !== -1 && parts.length < limit) {
    const from = at + delimiter.length;
    if (body.toString('latin1', from, from + 2) === '--') break;
    at = body.indexOf(Buffer.concat([Buffer.from('\n'), delimiter]), from);
    if (at !== -1) at += 1;
    const part = partIn(body.subarray(from, at === -1 ? body.length : at));
    if (part === null) return null;
    parts.push(part);
  }
  return parts.length === 0 ? null : parts;
}

function partIn(bytes: Buffer): Part | null {
  const head = /^[ \t]*\r?\n((?:[^\r\n]+\r?\n)*)\r?\n/.exec(bytes.toString('latin1', 0, 8_192));
  if (head === null) return null;
  const fields = Buffer.from(head[1] ?? '', 'latin1')
    .toString('utf8')
    .replaceAll(/\r?\n[ \t]+/g, ' ');
  const end =
    /\r?\n$/.exec(bytes.toString('latin1', Math.max(head[0].length, bytes.length - 2)))?.[0].length ?? 0;
  return {
    name: parameterOf(fields, 'name'),
    filename: parameterOf(fields, 'filename'),
    contentType: /^content-type:[ \t]*([^\r\n]*)/im.exec(fields)?.[1]?.trim() ?? null,
    encoded: /^content-transfer-encoding:[ \t]*(?!8bit|7bit|binary)/im.test(fields),
    content: bytes.subarray(head[0].length, bytes.length - end),
  };
}

function parameterOf(fields: string, name: string): string | null {
  const line = /^content-disposition:([^\r\n]*)/im.exec(fields)?.[1] ?? '';
  const found = new RegExp(
    `[;\\s]${name}(?:\\*\\d*\\*?)?\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]*))`,
    'i',
  ).exec(line);
  return found === null ? null : (found[1] ?? found[2] ?? '').slice(0, 500);
}
