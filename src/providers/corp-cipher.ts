import { createCipheriv, createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';

/** Milliseconds that the time of a message may be from ours, in both directions. */
const tolerance = 300_000;

/** Bytes: padding follows PKCS #7 with blocks twice as long as those of AES. */
const block = 32;

/** Bytes in front of the message: chance, and the message's length. */
const chanceLength = 16;
const headLength = chanceLength + 4;

/** A number below this counts seconds, one above it milliseconds: as seconds it is the year 5138, as milliseconds 1973. */
const leastMilliseconds = 100_000_000_000;

/** Under what an app of DingTalk or WeCom sends and is answered. */
export interface CorpKeys {
  readonly token: string;
  /** The 43 characters of EncodingAESKey. */
  readonly aesKey: string;
  /** To whom messages may be addressed: of WeCom the corporation, of DingTalk the app key or the corporation. */
  readonly owners: readonly string[];
}

/** What stands around a message: in the query of a callback, but for the message itself. */
interface CorpEnvelope {
  readonly signature: string;
  /** As it was sent: Unix time in seconds (WeCom) or milliseconds (DingTalk). */
  readonly timestamp: string;
  readonly nonce: string;
  /** The message, in base64. */
  readonly encrypt: string;
}

/** `why` is for the log, and not for whoever has sent it. */
type OpenedMessage =
  | { readonly ok: true; readonly message: string; readonly owner: string }
  | { readonly ok: false; readonly why: string };

/**
 * Opens a message of DingTalk or WeCom: checks its signature, its time and its addressee. Never throws, whatever comes.
 * @param envelope what is missing may be undefined
 */
export function openCorpMessage(
  { token, aesKey, owners }: CorpKeys,
  { signature, timestamp, nonce, encrypt }: { readonly [name in keyof CorpEnvelope]: string | undefined },
  now: Date,
): OpenedMessage {
  if (!signature || !timestamp || !nonce || !encrypt) {
    return refused('the signature, timestamp, nonce or encrypted message is missing');
  }
  const expected = Buffer.from(signatureOf(token, timestamp, nonce, encrypt));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return refused('the signature does not fit');
  }
  if (!/^\d{1,15}$/.test(timestamp)) return refused('the timestamp is no Unix time');
  const told = Number(timestamp);
  const age = now.getTime() - (told < leastMilliseconds ? told * 1000 : told);
  if (Math.abs(age) > tolerance) {
    return refused(
      `the message is of another time: ${Math.round(Math.abs(age) / 1000)} s ${age > 0 ? 'ago' : 'ahead'}`,
    );
  }
  const opened = decrypted(aesKey, encrypt);
  if (opened === null) return refused('the message does not open with this key');
  if (!owners.includes(opened.owner)) return refused('the message is addressed to somebody else');
  return { ok: true, ...opened };
}

/**
 * Closes and signs a message as DingTalk and WeCom do, and as DingTalk wants its answers.
 * @param owner the app key or the corporation to which it belongs
 * @param timestamp Unix time, in the sender's unit
 * @param chance 16 bytes that nobody can guess
 */
export function sealCorpMessage(
  { token, aesKey }: Pick<CorpKeys, 'token' | 'aesKey'>,
  message: string,
  owner: string,
  {
    timestamp,
    nonce,
    chance,
  }: { readonly timestamp: string; readonly nonce: string; readonly chance: Buffer },
): CorpEnvelope {
  const encrypt = encrypted(aesKey, message, owner, chance);
  return { signature: signatureOf(token, timestamp, nonce, encrypt), timestamp, nonce, encrypt };
}

const refused = (why: string): OpenedMessage => ({ ok: false, why });

/** The parts in the order of their characters, without anything between them. */
const signatureOf = (...parts: readonly string[]): string =>
  createHash('sha1').update(parts.toSorted().join('')).digest('hex');

/** EncodingAESKey lacks the last character of its base64. */
function keyOf(aesKey: string): { readonly key: Buffer; readonly iv: Buffer } {
  const key = Buffer.from(`${aesKey}=`, 'base64');
  return { key, iv: key.subarray(0, 16) };
}

function encrypted(aesKey: string, message: string, owner: string, chance: Buffer): string {
  const { key, iv } = keyOf(aesKey);
  const text = Buffer.from(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const content = Buffer.concat([chance.subarray(0, chanceLength), length, text, Buffer.from(owner)]);
  const padding = block - (content.length % block);
  const cipher = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([
    cipher.update(content),
    cipher.update(Buffer.alloc(padding, padding)),
    cipher.final(),
  ]).toString('base64');
}

/** @returns null for what was not closed under this key */
function decrypted(
  aesKey: string,
  encrypt: string,
): { readonly message: string; readonly owner: string } | null {
  const { key, iv } = keyOf(aesKey);
  const closed = Buffer.from(encrypt, 'base64');
  if (key.length !== 32 || closed.length === 0 || closed.length % 16 !== 0) return null;
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(closed), decipher.final()]);
  const padding = padded.at(-1) ?? 0;
  if (padding < 1 || padding > block || padding > padded.length) return null;
  const end = padded.length - padding;
  if (padded.subarray(end).some((byte) => byte !== padding) || end < headLength) return null;
  const messageEnd = headLength + padded.readUInt32BE(chanceLength);
  if (messageEnd > end) return null;
  return {
    message: padded.toString('utf8', headLength, messageEnd),
    owner: padded.toString('utf8', messageEnd, end),
  };
}
