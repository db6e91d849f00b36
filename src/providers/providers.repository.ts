import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { platform } from '../auth/sight.js';
import { Database } from '../database/database.js';
import { forUpdate } from '../database/dialect.js';
import { places, type Sql, type Tx } from '../database/sql.js';
import type { PageWindow } from '../http/pagination.js';
import type { ProviderRow } from './provider.entity.js';

/** The scopes among which a code is looked for: a team's own, and the platform's. @param scope empty for the platform */
export const visibleFrom = (scope: string): string[] => (scope === platform ? [platform] : [platform, scope]);

/** Rows of providers. Their key is (scope, code); every method is told the scopes that exist for the caller. */
@Injectable()
export class ProvidersRepository {
  constructor(private readonly database: Database) {}

  /** The provider that a code means: a team's own comes before the platform's. */
  async find(scopes: readonly string[], code: string, sql: Sql = this.database): Promise<ProviderRow | null> {
    const rows = await sql
      .repository<ProviderRow>('Provider')
      .find({ where: { scope: In([...scopes]), code } });
    // MySQL ignores trailing blanks where it compares; a code with one more blank is another code.
    const found = rows.filter((row) => row.code === code);
    return found.find((row) => row.scope !== platform) ?? found[0] ?? null;
  }

  byId(id: string): Promise<ProviderRow | null> {
    return this.database.repository<ProviderRow>('Provider').findOneBy({ id });
  }

  /** Every provider of a kind, oldest first. */
  ofKind(kind: string): Promise<ProviderRow[]> {
    return this.database.repository<ProviderRow>('Provider').find({ where: { kind }, order: { id: 'ASC' } });
  }

  /** Locks the providers of a code until the transaction ends: who names one, and who deletes it, wait for each other here. */
  async lock(tx: Tx, scopes: readonly string[], code: string): Promise<void> {
    await tx.rows(
      `SELECT id FROM dms_s_apply_provider WHERE scope IN (${places(scopes.length)}) AND code = ?
        ORDER BY scope${forUpdate(this.database.dialect)}`,
      [...scopes, code],
    );
  }

  /** Newest first. @param viewer `all`, or the scope of a team, whose own providers hide the platform's of the same code */
  list(viewer: { readonly scope: string } | 'all', window: PageWindow): Promise<ProviderRow[]> {
    const query = this.database
      .repository<ProviderRow>('Provider')
      .createQueryBuilder('provider')
      .orderBy('provider.id', 'DESC')
      .limit(window.take);
    if (window.after !== null) query.andWhere('provider.id < :after', { after: window.after });
    if (viewer !== 'all') {
      query.andWhere(
        `(provider.scope = :scope OR (provider.scope = '${platform}' AND NOT EXISTS (
            SELECT 1 FROM dms_s_apply_provider own WHERE own.scope = :scope AND own.code = provider.code)))`,
        { scope: viewer.scope },
      );
    }
    return query.getMany();
  }

  async insert(tx: Tx, row: ProviderRow): Promise<void> {
    await tx.repository<ProviderRow>('Provider').insert(row);
  }

  async update(tx: Tx, id: string, change: Partial<ProviderRow>): Promise<void> {
    await tx.repository<ProviderRow>('Provider').update({ id }, change);
  }

  /** With what is known of people there. */
  async delete(tx: Tx, id: string): Promise<void> {
    await tx.run('DELETE FROM dms_s_apply_identity WHERE provider_id = ?', [id]);
    await tx.run('DELETE FROM dms_s_apply_provider WHERE id = ?', [id]);
  }

  /**
   * An approve action that names this provider, or null. The table is the gate's, which stands above this room: only its
   * columns are read here, as bindings are for business types. A team's actions mean the team's own provider before the
   * platform's; the platform's actions mean the platform's.
   */
  async actionThatNames(tx: Tx, { scope, code }: Pick<ProviderRow, 'scope' | 'code'>) {
    const ofPlatform = scope === platform;
    const [action] = await tx.rows<{ name: string; scope: string }>(
      `SELECT a.name AS name, a.scope AS scope FROM dms_s_apply_approve_action a
        WHERE a.provider = ? AND a.alive = 1 AND ${
          ofPlatform
            ? `(a.scope = '${platform}' OR NOT EXISTS (
                 SELECT 1 FROM dms_s_apply_provider own WHERE own.scope = a.scope AND own.code = a.provider))`
            : 'a.scope = ?'
        }
        LIMIT 1`,
      ofPlatform ? [code] : [code, scope],
    );
    return action ?? null;
  }

  /**
   * What would be left without its provider: a business type or a subscription that names it, a form of it, or an order
   * that waits for it; null for nothing. Of other rooms' tables only the columns are read that name a provider.
   */
  async neededBy(tx: Tx, id: string): Promise<string | null> {
    const [type] = await tx.rows<{ readonly code: string }>(
      'SELECT code FROM dms_s_apply_business_type WHERE provider_id = ? OR mirror_id = ? LIMIT 1',
      [id, id],
    );
    if (type) return `business type ${type.code}; let it name another one first`;
    const [form] = await tx.rows<{ readonly code: string }>(
      'SELECT form_code AS code FROM dms_s_apply_provider_form WHERE provider_id = ? LIMIT 1',
      [id],
    );
    if (form) return `form ${form.code}; delete it first`;
    const [order] = await tx.rows<{ readonly id: string }>(
      `SELECT apply_order_id AS id FROM dms_s_apply_outside_approval WHERE provider_id = ? AND state IN ('asking', 'pending') LIMIT 1`,
      [id],
    );
    if (order) return `order ${order.id}, which waits for it`;
    const [subscription] = await tx.rows<{ readonly id: string }>(
      'SELECT id FROM dms_s_apply_subscription WHERE provider_id = ? LIMIT 1',
      [id],
    );
    return subscription ? `subscription ${subscription.id}; delete it, or let it name another one` : null;
  }
}
