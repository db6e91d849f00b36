import { Injectable } from '@nestjs/common';
import { WebhookSecrets } from '../outbound/webhook-secrets.js';
import type { BusinessTypeRow } from './business-type.entity.js';
import type { CallbackFormat, CallbackMode, FailMode } from './business-types.dto.js';
import { BusinessTypesRepository, platformScope } from './business-types.repository.js';
import { BusinessTypesService } from './business-types.service.js';
import type { FieldMapping } from './field-mapping.js';
import { sealContext } from './seal-context.js';

/** Where a business type wants to be called, how, and under which signature. */
export interface CallbackTarget {
  readonly id: string;
  /** The team that owns the type; empty for the platform. */
  readonly scope: string;
  readonly code: string;
  readonly name: string;
  readonly checkUrl: string | null;
  readonly executeUrl: string | null;
  readonly modes: Readonly<Record<'check' | 'execute', CallbackMode>>;
  readonly format: CallbackFormat;
  readonly failMode: FailMode;
  /** Milliseconds that an accepted callback may take to be answered. */
  readonly deadline: number;
  readonly fieldMapping: FieldMapping | null;
  /** `whsec_` secrets in clear, newest first; two during the overlap of a rotation. */
  readonly secrets: readonly string[];
}

/** The type of an order: the id it was opened under, or null for one that holds none; and its code in its team. */
export interface CallbackTargetRef {
  readonly id: string | null;
  /** The order's team; null for an applicant without one. */
  readonly team: string | null;
  readonly code: string;
}

/** Tells the sender of callbacks where they go. Its answers hold secrets in clear: for sending, never for showing. */
@Injectable()
export class CallbackTargetsService {
  constructor(
    private readonly types: BusinessTypesService,
    private readonly rows: BusinessTypesRepository,
    private readonly secrets: WebhookSecrets,
  ) {}

  /**
   * Where the callbacks of an order go: the type it was opened under, by id; for orders that hold no id, the type that
   * their code means in their team today.
   * @returns null when the type is gone, or is none of the order's team or the platform.
   */
  async find(ref: CallbackTargetRef): Promise<CallbackTarget | null> {
    const row =
      ref.id === null
        ? await this.types.resolve(ref.team, ref.code)
        : await this.rows.byId([platformScope, ref.team ?? platformScope], ref.id);
    return row && this.targetOf(row);
  }

  /** The same for a row that the caller has read already. */
  targetOf(row: BusinessTypeRow): CallbackTarget {
    return {
      id: row.id,
      scope: row.scope,
      code: row.code,
      name: row.name,
      checkUrl: row.checkUrl,
      executeUrl: row.executeUrl,
      modes: {
        check: row.callbackMode as CallbackMode,
        execute: (row.executeMode ?? row.callbackMode) as CallbackMode,
      },
      format: row.callbackFormat as CallbackFormat,
      failMode: row.checkFailMode as FailMode,
      deadline: row.callbackDeadline * 1000,
      fieldMapping: row.fieldMapping === null ? null : (JSON.parse(row.fieldMapping) as FieldMapping),
      secrets: this.secrets.open(row, sealContext(row)),
    };
  }
}
