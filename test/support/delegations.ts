import type { Client, TestUser } from './harness.js';
import { created, root, type Speaks } from './world.js';

const hour = 3_600_000;

/** A moment so many hours from now, as requests write it. */
export const inHours = (hours: number): string => new Date(Date.now() + hours * hour).toISOString();

/** The same as answers write it: whole seconds. */
export const shown = (moment: string): string =>
  new Date(Math.floor(Date.parse(moment) / 1000) * 1000).toISOString();

/** Given people whom the directory lists as active, in a team or in none. */
export async function givenPeople(
  app: Speaks,
  codes: readonly string[],
  team: string | null = 't1',
): Promise<void> {
  for (const code of codes) {
    const body = { name: code, ...(team === null ? {} : { accCode: team }) };
    const { status } = await app.as(root).put(`/directory/users/${code}`, body);
    if (status !== 200) throw new Error(`user ${code}: ${status}`);
  }
}

/** Given somebody standing in for a day, from now on. @returns the delegation's id */
export const givenStandIn = async (client: Client, toUserCode: string, more: object = {}): Promise<string> =>
  String((await created(client, '/delegations', { toUserCode, endsAt: inHours(24), ...more })).id);

/** Somebody of a team whom no other test knows. */
export const someone = (sub: string, team = 't1'): TestUser => ({ sub, acc_code: team });
