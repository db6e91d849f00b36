import type { Client } from './harness.js';
import { created } from './world.js';

type Fields = Readonly<Record<string, unknown>>;

let made = 0;

/**
 * Given a gate; with the adapter `proxy` unless `fields` say otherwise, which then have to say its `upstream` too.
 * @param client an administrator
 * @returns what names it in addresses, and the secret by which its proxy authenticates itself
 */
export async function givenGate(
  client: Client,
  fields: Fields = {},
): Promise<{ readonly key: string; readonly secret: string }> {
  const number = ++made;
  const body = { key: `gate-${number}`, name: `Gate ${number}`, adapter: 'proxy', ...fields };
  const { key, secret } = await created(client, '/gates', body);
  return { key: String(key), secret: String(secret) };
}

/** An approve action, as the API answers it. */
export interface ActionGiven extends Record<string, unknown> {
  readonly id: string;
}

/**
 * Given an approve action: a POST unless `fields` say otherwise.
 * @param client an administrator
 * @param fields `path` and `businessType` at least
 */
export async function givenAction(client: Client, fields: Fields): Promise<ActionGiven> {
  const body = { name: `Action ${++made}`, method: 'POST', ...fields };
  return (await created(client, '/approve-actions', body)) as ActionGiven;
}
