import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { ActionRow } from './actions/action.entity.js';
import { ignoredBy } from './actions/action.view.js';
import { ActionsRepository } from './actions/actions.repository.js';
import type { GateRow } from './gates/gate.entity.js';
import { GatesRepository } from './gates/gates.repository.js';
import { compileTemplate } from './reading/templates.js';
import type { ActionRule, GateRule, Rules } from './rules.js';
import type { Adapter, CredentialRule, Hold, Identity, Mode } from './vocabulary.js';

interface Loading {
  readonly revision: number;
  readonly rules: Promise<Rules>;
}

/**
 * Gates and actions as requests meet them, held in memory: what changes them counts up a revision, and asking for that
 * is the one statement that a request costs here. So every replica rules by a change from the moment it is committed.
 */
@Injectable()
export class RulesService {
  private loaded: { readonly revision: number; readonly rules: Rules } | null = null;
  private loading: Loading | null = null;

  constructor(
    private readonly database: Database,
    private readonly gates: GatesRepository,
    private readonly actions: ActionsRepository,
  ) {}

  /**
   * The rules as they are now: nothing that was committed before the call is missing.
   * @throws DatabaseUnavailable; a gate that cannot know its rules lets nothing pass
   */
  async now(): Promise<Rules> {
    // Before the rows: rows that change meanwhile are read again at the next call.
    const revision = await this.revision();
    if (this.loaded?.revision === revision) return this.loaded.rules;
    const loading = this.loading?.revision === revision ? this.loading : this.begin(revision);
    return loading.rules;
  }

  private async revision(): Promise<number> {
    const [row] = await this.database.rows<{ readonly revision: number | string }>(
      'SELECT revision FROM dms_s_apply_gate_revision WHERE id = 1',
    );
    if (!row) throw new Error('the revision of the gates is missing: its migration makes it');
    return Number(row.revision);
  }

  /** One load for all who wait for the same revision; one that fails is forgotten, and the next call tries again. */
  private begin(revision: number): Loading {
    const loading: Loading = { revision, rules: this.load() };
    this.loading = loading;
    loading.rules.then(
      (rules) => this.end(loading, { revision, rules }),
      () => this.end(loading, this.loaded),
    );
    return loading;
  }

  private end(loading: Loading, loaded: RulesService['loaded']): void {
    // Another one has begun since, for a revision that was read later.
    if (this.loading !== loading) return;
    this.loading = null;
    this.loaded = loaded;
  }

  private async load(): Promise<Rules> {
    const gates = new Map((await this.gates.all()).map((row) => [row.gateKey, gateOf(row)]));
    const actions = (await this.actions.ruling()).map(actionOf);
    return { gate: (key) => gates.get(key) ?? null, actions };
  }
}

const gateOf = (row: GateRow): GateRule => ({
  id: row.id,
  key: row.gateKey,
  scope: row.scope,
  adapter: row.adapter as Adapter,
  upstream: row.upstream,
  identity: row.identity as Identity,
  userHeader: row.userHeader,
  teamHeader: row.teamHeader,
  credentials: row.credentials as CredentialRule,
  credentialsTtl: row.credentialsTtl,
  forwardsBody: row.forwardsBody === 1,
  secretHash: row.secretHash,
});

/** @throws Error for a path that cannot be read any more: without its action, what it holds would pass */
function actionOf(row: ActionRow): ActionRule {
  const template = compileTemplate(row.path);
  if ('why' in template)
    throw new Error(`the path of approve action ${row.id} cannot be read: it ${template.why}`);
  return {
    id: row.id,
    scope: row.scope,
    name: row.name,
    method: row.method,
    template,
    provider: row.provider,
    businessType: row.businessType,
    upstream: row.upstream,
    mode: row.mode as Mode,
    hold: row.hold as Hold,
    ignoreQuery: ignoredBy(row),
    waitTtl: row.waitTtl,
    passTtl: row.passTtl,
    resultTtl: row.resultTtl,
    deleted: row.alive === null,
  };
}
