import { Injectable } from '@nestjs/common';
import { wholeSecond } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { notFound, Problem } from '../http/problem.js';
import { WebhookSecrets } from '../outbound/webhook-secrets.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import type { BusinessTypeRow } from './business-type.entity.js';
import { type CallbackMode, callbackModes } from './business-types.dto.js';
import { BusinessTypesRepository, platformScope } from './business-types.repository.js';
import { sealContext } from './seal-context.js';

export { type CallbackMode, callbackModes };

/** Where a check or an execution goes (requirement 001, check and execute). */
export interface CallbackGiven {
  /** Null: nobody is asked. */
  readonly url: string | null;
  readonly mode: CallbackMode;
}

/** What a form says of its business type; what it leaves out stays. */
export interface CallbacksGiven {
  readonly check?: CallbackGiven;
  readonly execute?: CallbackGiven;
}

/** The business type that a form wants. */
export interface WantedType {
  /** The team in which its orders are opened; empty for the platform. */
  readonly scope: string;
  readonly code: string;
  /** Of a type that is made. */
  readonly name: string;
  /** Who decides the orders of a type that is made. */
  readonly provider: { readonly id: string; readonly code: string };
  readonly callbacks: CallbacksGiven;
  /** Whether one is made where there is none of this code. */
  readonly make: boolean;
  /** Whether a type of the platform may be changed. */
  readonly ofPlatform: boolean;
}

/** Business types as forms of outside systems make, bind and change them. */
@Injectable()
export class FormTypesService {
  constructor(
    private readonly types: BusinessTypesRepository,
    private readonly secrets: WebhookSecrets,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * The type of a form: the one of its code, changed as the form says, or a new one in lark-ticket's format.
   * @returns the secret that signs its callbacks; null where the type was there before
   * @throws Problem 404 without such a type; 403 for a change to one of the platform
   */
  async settle(
    tx: Tx,
    wanted: WantedType,
  ): Promise<{ readonly id: string; readonly code: string; readonly secret: string | null }> {
    const scopes = [...new Set([platformScope, wanted.scope])];
    await this.types.lock(tx, scopes, [wanted.code]);
    const rows = await this.types.find(scopes, [wanted.code], tx);
    const row = rows.find(({ scope }) => scope === wanted.scope) ?? rows[0];
    const { code, make, callbacks, ofPlatform } = wanted;
    if (row) {
      await this.put(tx, row, callbacks, ofPlatform);
      return { id: row.id, code, secret: null };
    }
    if (!make) throw notFound(`business type ${code}`);
    return { code, ...(await this.insert(tx, wanted)) };
  }

  /** @throws Problem 403 for a change to a type of the platform, unless that is allowed */
  async change(tx: Tx, id: string, callbacks: CallbacksGiven, ofPlatform: boolean): Promise<void> {
    const row = await tx.repository<BusinessTypeRow>('BusinessType').findOneBy({ id });
    if (row) await this.put(tx, row, callbacks, ofPlatform);
  }

  private async put(
    tx: Tx,
    row: BusinessTypeRow,
    callbacks: CallbacksGiven,
    ofPlatform: boolean,
  ): Promise<void> {
    const change = columnsOf(callbacks, row);
    if (Object.keys(change).length === 0) return;
    if (row.scope === platformScope && !ofPlatform) {
      throw new Problem(
        'forbidden',
        `business type ${row.code} belongs to the platform; only system administrators change it`,
      );
    }
    await this.types.update(tx, row.id, { ...change, updateTime: wholeSecond(this.clock.now()) });
  }

  private async insert(
    tx: Tx,
    { scope, code, name, provider, callbacks }: WantedType,
  ): Promise<{ readonly id: string; readonly secret: string }> {
    const { secret, sealed } = this.secrets.make(sealContext({ scope, code }));
    const now = wholeSecond(this.clock.now());
    const id = this.ids.next();
    await this.types.insert(tx, {
      id,
      scope,
      code,
      name,
      objectType: null,
      enabled: 1,
      checkUrl: null,
      executeUrl: null,
      callbackMode: 'sync',
      executeMode: null,
      providerId: provider.id,
      providerCode: provider.code,
      mirrorId: null,
      mirrorCode: null,
      fieldMapping: null,
      callbackFormat: 'lark-ticket',
      checkFailMode: 'closed',
      callbackDeadline: 86_400,
      sealedSecret: sealed,
      sealedPreviousSecret: null,
      previousSecretUntil: null,
      createTime: now,
      updateTime: now,
      ...columnsOf(callbacks, { callbackMode: 'sync', executeMode: null }),
    });
    return { id, secret };
  }
}

type Columns = Pick<BusinessTypeRow, 'checkUrl' | 'executeUrl' | 'callbackMode' | 'executeMode'>;

/** The mode of executions follows that of checks until one of them is told; from then on it has its own. */
function columnsOf(
  { check, execute }: CallbacksGiven,
  before: Pick<Columns, 'callbackMode' | 'executeMode'>,
): Partial<Columns> {
  return {
    ...(check ? { checkUrl: check.url, callbackMode: check.mode } : {}),
    ...(check && !execute ? { executeMode: before.executeMode ?? before.callbackMode } : {}),
    ...(execute ? { executeUrl: execute.url, executeMode: execute.mode } : {}),
  };
}
