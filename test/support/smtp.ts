import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** One mail as a mailbox received it. */
export interface ReceivedMail {
  /** From the envelope. */
  readonly from: string;
  readonly to: readonly string[];
  /** Names in lower case; values decoded, on one line. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  readonly raw: string;
}

/** What a mail server says to a recipient: a reply code with words, or null to take the mail. */
export type Verdict = (address: string) => readonly [code: number, words: string] | null;

/** A mail server as the tests need one: it remembers every mail, and refuses whom it is told to. */
export interface MailServer {
  /** For `SMTP_URL`. */
  readonly url: string;
  readonly mails: readonly ReceivedMail[];
  /** Every attempt at a recipient, in sequence. */
  readonly attempts: readonly string[];
  mailsTo(address: string): ReceivedMail[];
  judge(verdict: Verdict): void;
  close(): Promise<void>;
}

/** @param login when given, nobody sends without it */
export async function startMailServer(login?: {
  readonly user: string;
  readonly password: string;
}): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  const attempts: string[] = [];
  let judge: Verdict = () => null;
  const server = new SMTPServer({
    // Its certificate is its own, which nobody trusts.
    disabledCommands: login ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
    authOptional: !login,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(Object.assign(new Error(`wrong password ${password ?? ''}`), { responseCode: 535 }));
    },
    onRcptTo: ({ address }, _session, done) => {
      attempts.push(address);
      const refusal = judge(address);
      done(refusal ? Object.assign(new Error(refusal[1]), { responseCode: refusal[0] }) : null);
    },
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        const to = envelope.rcptTo.map(({ address }) => address);
        mails.push({ from, to, ...read(Buffer.concat(chunks).toString('latin1')) });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const credentials = login ? `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@` : '';
  return {
    url: `smtp://${credentials}127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    mails,
    attempts,
    mailsTo: (address) => mails.filter((mail) => mail.to.includes(address)),
    judge: (verdict) => {
      judge = verdict;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Reads a mail of a text and an HTML part, as far as this service writes them (RFC 5322, 2045, 2047). */
function read(raw: string): Omit<ReceivedMail, 'from' | 'to'> {
  const { headers, body } = split(raw);
  const boundary = /boundary="?([^";]+)/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const parts = body.split(`--${boundary}`).map((part) => split(part.replace(/^\r\n/, '')));
  const content = (type: string): string => {
    const part = parts.find((one) => one.headers['content-type']?.startsWith(type));
    return part ? decoded(part.body, part.headers['content-transfer-encoding'] ?? '') : '';
  };
  return { headers, text: content('text/plain'), html: content('text/html'), raw };
}

function split(raw: string): { headers: Record<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [name = '', ...value] = line.split(': ');
    headers[name.toLowerCase()] = words(value.join(': '));
  }
  return { headers, body: raw.slice(end + 4) };
}

/** Encoded words of headers; blanks between two of them do not count. */
const words = (value: string): string =>
  value
    .replaceAll(/(\?=)\s+(=\?)/g, '$1$2')
    .replaceAll(/((?:=\?utf-8\?[QB]\?[^?]*\?=)+)/gi, (run: string) =>
      Buffer.concat(
        [...run.matchAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi)].map(([, encoding, text = '']) =>
          encoding?.toUpperCase() === 'B'
            ? Buffer.from(text, 'base64')
            : quotedPrintable(text.replaceAll('_', ' ')),
        ),
      ).toString('utf8'),
    );

function decoded(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding === 'quoted-printable') return quotedPrintable(body.replaceAll('=\r\n', '')).toString('utf8');
  return body;
}

const quotedPrintable = (text: string): Buffer =>
  Buffer.from(
    text.replaceAll(/=([0-9A-F]{2})/gi, (_match, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
