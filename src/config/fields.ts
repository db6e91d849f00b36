import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import ms, { type StringValue } from 'ms';
import { z } from 'zod';

/** Kinds of values that settings have. Messages say what a value must be and never repeat it. */

export const integer = (min: number, max: number) =>
  z.string().transform((value, context) => {
    const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    context.addIssue({ code: 'custom', message: `must be a whole number from ${min} to ${max}` });
    return z.NEVER;
  });

/** A duration such as `500ms`, `5s`, `2m`, `1h`, `7d`, as milliseconds. */
export const duration = () =>
  z.string().transform((value, context) => {
    const given = /^\d{1,9}(ms|s|m|h|d)$/.test(value) ? ms(value as StringValue) : Number.NaN;
    if (given > 0) return given;
    context.addIssue({ code: 'custom', message: 'must be a duration such as 500ms, 5s, 2m or 1h' });
    return z.NEVER;
  });

/** A time of day such as `02:30`, as minutes since midnight; null for `off`. */
export const timeOfDay = () =>
  z.string().transform((value, context) => {
    if (value === 'off') return null;
    const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(value) ?? [];
    if (hours !== undefined) return Number(hours) * 60 + Number(minutes);
    context.addIssue({ code: 'custom', message: 'must be a time of day such as 02:30, or off' });
    return z.NEVER;
  });

export const flag = () =>
  z.string().transform((value, context) => {
    if (value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0') return false;
    context.addIssue({ code: 'custom', message: 'must be true or false' });
    return z.NEVER;
  });

export const url = () =>
  z.string().refine((value) => {
    try {
      return ['http:', 'https:'].includes(new URL(value).protocol);
    } catch {
      return false;
    }
  }, 'must be an http or https URL');

/** A mail server. What else such URLs can hold elsewhere (`?logger=true`) is refused: settings are named here. */
export const smtpUrl = () =>
  z.string().refine((value) => {
    if (!URL.canParse(value)) return false;
    const { protocol, hostname, pathname, search, hash } = new URL(value);
    const bare = ['', '/'].includes(pathname) && search === '' && hash === '';
    return ['smtp:', 'smtps:'].includes(protocol) && hostname !== '' && bare && credentialsDecode(value);
  }, 'must be smtp://host:port or smtps://user:password@host:port; special characters of user and password as %XX');

function credentialsDecode(address: string): boolean {
  const { username, password } = new URL(address);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

/** A project of Sentry (Client Key, DSN): its public key, where it is, and its number at the end. */
export const sentryDsn = () =>
  z.string().refine((value) => {
    if (!URL.canParse(value)) return false;
    const { protocol, hostname, username, password, pathname, search, hash } = new URL(value);
    const key = /^\w+$/.test(username) && /^\w*$/.test(password);
    return (
      ['http:', 'https:'].includes(protocol) &&
      /^(\[[\d:a-f]+\]|[\w.-]+)$/.test(hostname) &&
      key &&
      /^(\/[\w.-]+)*\/\d+$/.test(pathname) &&
      search === '' &&
      hash === ''
    );
  }, 'must be a DSN such as https://<public key>@<host>/<project number>');

/** One mail address, with or without a name before it. */
export const mailbox = () =>
  z
    .string()
    .regex(
      /^(?:[^\p{Cc}<>@]+ <[^\p{Cc}\s<>@,]+@[^\p{Cc}\s<>@,]+>|[^\p{Cc}\s<>@,]+@[^\p{Cc}\s<>@,]+)$/u,
      'must be an address such as approvals@example.com or Countersign <approvals@example.com>',
    );

/** An entry of a list of hosts: a host name, in lower case and without its final dot, or a network of addresses. */
export type HostEntry =
  { readonly name: string } | { readonly network: readonly [ipaddr.IPv4 | ipaddr.IPv6, number] };

/**
 * Reads a host name, an IP address or a CIDR. Addresses are written in full: of `127.1` or `010.0.0.1` it is unclear who
 * reads them how. IPv4-mapped IPv6 means the IPv4 address.
 * @returns null when it is none of them, such as a URL, `host:port` or a pattern.
 */
export function readHostEntry(text: string): HostEntry | null {
  const bare = text.replace(/^\[([^\]]*:[^\]]*)\]/, '$1');
  const [, literal = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(bare) ?? [];
  if (isIP(literal) === 0 || literal.includes('%')) {
    const name = text.replace(/\.$/, '').toLowerCase();
    return hostName.test(name) && !endsInNumber.test(name) ? { name } : null;
  }
  const given = ipaddr.parse(literal);
  const width = given.kind() === 'ipv4' ? 32 : 128;
  const length = bits === undefined ? width : Number(bits);
  if (length > width) return null;
  const address = length >= width - 32 ? ipaddr.process(literal) : given;
  return { network: [address, address.kind() === given.kind() ? length : length - 96] };
}

const hostName = /^(?=.{1,253}$)[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?(\.[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?)*$/;

/** URLs read a host like this as an IPv4 address, or not at all. */
const endsInNumber = /(^|\.)(\d+|0x[\da-f]*)$/;

/** Host names, IP addresses and CIDRs, comma-separated; {@link readHostEntry} reads each. */
export const hostList = () =>
  z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(
      z.array(
        z
          .string()
          .refine(
            (value) => readHostEntry(value) !== null,
            'must be host names, IP addresses or CIDRs, comma-separated',
          ),
      ),
    );
