import { parseArgs } from 'node:util';
import { tokenRoles, type TokenRole } from '../auth/principal.js';
import { TokenClaims } from '../auth/token-claims.port.js';
import { TokenVerifier } from '../auth/token.verifier.js';
import { type Config, ConfigError, parseConfig } from '../config/config.js';
import { jwtSecretOf } from '../config/local-secrets.js';
import { Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { signToken } from './sign-token.js';

const usage =
  'Usage: npm run --silent token -- --user ann --team t1 [--role team_admin|system_admin] [--days 30]';

/** What the command line asks for cannot be made; told in one line. */
class UsageError extends Error {}

interface Wanted {
  readonly user: string;
  /** Null for a system administrator, who has no team. */
  readonly team: string | null;
  readonly roles: readonly TokenRole[];
  readonly days: number;
}

/** Prints a token for a person, signed with the secret that the service checks tokens with. */
async function main(): Promise<void> {
  const wanted = readArguments(process.argv.slice(2));
  try {
    process.loadEnvFile('.env');
  } catch {
    // No .env file: the environment and the defaults are enough.
  }
  const config = parseConfig(process.env);
  const token = await sign(wanted, config);
  // With the service's own eyes: a token that it would refuse is an error here, not a riddle later.
  await new TokenVerifier(config, new Clock(), new TokenClaims()).verify(token);
  process.stdout.write(`${token}\n`);
}

function readArguments(args: string[]): Wanted {
  const { user, team, role = [], days = '30' } = parseOptions(args);
  if (!user) throw new UsageError('--user is missing.');
  const roles = role.map(knownRole);
  const systemAdmin = roles.includes('system_admin');
  if (!team && !systemAdmin)
    throw new UsageError('--team is missing; only --role system_admin goes without.');
  if (!/^[1-9]\d{0,4}$/.test(days)) throw new UsageError('--days must be a whole number from 1 to 99999.');
  return { user, team: systemAdmin ? null : (team ?? null), roles, days: Number(days) };
}

function parseOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        user: { type: 'string' },
        team: { type: 'string' },
        role: { type: 'string', multiple: true },
        days: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.replaceAll(/\s+/g, ' '));
  }
}

function knownRole(name: string): TokenRole {
  const role = tokenRoles.find((known) => known === name);
  if (role) return role;
  throw new UsageError(`--role must be ${tokenRoles.join(' or ')}.`);
}

function sign({ user, team, roles, days }: Wanted, config: Config): Promise<string> {
  const secret = jwtSecretOf(config);
  if (secret === null) {
    throw new UsageError(
      'Only AUTH_JWKS_URI is configured, whose keys are not ours: take a token from the identity provider.',
    );
  }
  return signToken(secret, { userCode: user, accCode: team, roles }, `${days} days`, config.auth);
}

/** One line for what a person can put right; the stack for everything else. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message} ${usage}`;
  if (error instanceof Problem) return `The service would refuse this token: ${error.detail}.`;
  if (error instanceof ConfigError) return error.message;
  // The data folder cannot be read or written.
  if (error instanceof Error && 'syscall' in error) return error.message;
  return String((error as Error)?.stack ?? error);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
