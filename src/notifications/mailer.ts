import { Inject, Injectable } from '@nestjs/common';
import { createTransport, type NodemailerError, type SMTPTransportOptions } from 'nodemailer';
import { CONFIG, type Config } from '../config/config.js';
import type { Mail } from './mail.js';

/** What the mail server made of a mail. */
export type MailOutcome =
  | { readonly ok: true; readonly status: number | null; readonly answer: string }
  | {
      readonly ok: false;
      /** The server's reply code, when it replied. */
      readonly status: number | null;
      /** What went wrong, for people: neither the server's address nor its password. */
      readonly error: string;
      /** Whether the server will never take this mail for this mailbox. */
      readonly permanent: boolean;
    };

export interface Envelope {
  readonly address: string;
  /** The same for every attempt at one mail, so that mailboxes recognise a repetition. */
  readonly messageId: string;
}

/** Hands mails to the configured server, one connection and one recipient each: no address sees another. */
@Injectable()
export class Mailer {
  private readonly transport: ReturnType<typeof transportTo> | null;
  private readonly from: { readonly name: string; readonly address: string };

  constructor(@Inject(CONFIG) private readonly config: Config) {
    const { mail, callback } = config;
    this.transport = mail && transportTo(smtpOptions(mail.smtpUrl, callback.timeout));
    this.from = senderOf(mail?.from ?? '');
  }

  /** Whether there is a mail server (SMTP_URL). */
  get configured(): boolean {
    return this.transport !== null;
  }

  async send(mail: Mail, { address, messageId }: Envelope, signal?: AbortSignal): Promise<MailOutcome> {
    if (!this.transport) {
      return {
        ok: false,
        status: null,
        permanent: true,
        error: 'there is no mail server: SMTP_URL is not set',
      };
    }
    const deadline = AbortSignal.timeout(this.config.callback.timeout);
    try {
      const { response } = await this.transport.sendMail({
        from: this.from,
        // As an object and in the envelope: never read as a list of addresses.
        to: { name: '', address },
        envelope: { from: this.from.address, to: [address] },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: `<${messageId}@${this.from.address.split('@')[1] ?? 'localhost'}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      return { ok: true, status: replyCode(response), answer: response };
    } catch (error) {
      return failureOf(error as NodemailerError);
    }
  }
}

const transportTo = (options: SMTPTransportOptions) => createTransport(options);

/** @param timeout in milliseconds, for each thing that a connection waits for */
export function smtpOptions(url: string, timeout: number): SMTPTransportOptions {
  const { protocol, hostname, port, username, password } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = protocol === 'smtps:';
  const auth =
    username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } };
  return {
    host,
    ...(port === '' ? {} : { port: Number(port) }),
    secure,
    ...auth,
    // A server that hides its STARTTLS from us gets no password. What stays on this machine needs no cover.
    requireTLS: !secure && username !== '' && !isLoopback(host),
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** `Countersign <approvals@example.com>` or the address alone, as the configuration allows. */
function senderOf(from: string): { name: string; address: string } {
  const named = /^(.+) <(.+)>$/.exec(from);
  return { name: named?.[1] ?? '', address: named?.[2] ?? from };
}

function failureOf(error: NodemailerError): MailOutcome & { readonly ok: false } {
  const status = error.responseCode ?? null;
  // Only what the server says of this mailbox or this mail is final. A refused sender or login is for the operator to mend.
  const final = error.permanent === true && (error.command === 'RCPT TO' || error.command === 'DATA');
  return { ok: false, status, permanent: final, error: wordsFor(error, status) };
}

function wordsFor(error: NodemailerError, status: number | null): string {
  const code = error.code ?? 'unknown error';
  if (code === 'EAUTH' || code === 'ENOAUTH') return `the mail server refuses the login${codeIn(status)}`;
  if (code === 'EABORT' || code === 'ETIMEDOUT') return 'the mail server took too long';
  if (status === null) return `the mail server cannot be used (${error.originalCode ?? code})`;
  return `the mail server answers ${(error.response ?? String(status)).replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300)}`;
}

const codeIn = (status: number | null): string => (status === null ? '' : ` (${status})`);

const replyCode = (response: string): number | null => {
  const code = /^\d{3}/.exec(response)?.[0];
  return code === undefined ? null : Number(code);
};
