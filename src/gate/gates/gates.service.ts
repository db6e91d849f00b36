import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type UserPrincipal } from '../../auth/principal.js';
import { platform } from '../../auth/sight.js';
import { wholeSecond } from '../../database/dialect.js';
import { classify } from '../../database/errors.js';
import type { Tx } from '../../database/sql.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { durationText, secondsOf } from '../../http/fields.js';
import { type Page, pageOf, windowOf } from '../../http/pagination.js';
import { invalid, notFound, Problem } from '../../http/problem.js';
import { AddressGuard } from '../../outbound/address-guard.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import type { Adapter, CredentialRule, Identity } from '../vocabulary.js';
import type { GateRow } from './gate.entity.js';
import { hashOfGateSecret, newGateSecret } from './gate-secret.js';
import {
  type CreatedGate,
  type CreateGate,
  gateKeyPattern,
  type GateSecret,
  type GateView,
  type ListGates,
  type UpdateGate,
} from './gates.dto.js';
import { GatesRepository } from './gates.repository.js';
import { countUpRevision } from './revision.js';
import { upstreamOf } from './upstream.js';

/** Adapters whose requests the service itself sends on, all of them or those that were held. */
const withUpstream: readonly Adapter[] = ['proxy', 'nginx'];

/** Gates: each team's own, for people of the team, and the platform's, where people of any team come by. */
@Injectable()
export class GatesService {
  constructor(
    private readonly gates: GatesRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: AddressGuard,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws Problem 400 for fields that do not fit together or an upstream that must not be called, 404, 409 already_exists */
  async create(principal: UserPrincipal, dto: CreateGate): Promise<CreatedGate> {
    const scope = teamOf(principal, dto.accCode) ?? platform;
    await this.refuseUpstream(dto.upstream);
    const secret = newGateSecret();
    const now = wholeSecond(this.clock.now());
    const row: GateRow = {
      id: this.ids.next(),
      gateKey: dto.key,
      scope,
      name: dto.name,
      adapter: dto.adapter,
      upstream: null,
      identity: 'token',
      userHeader: null,
      teamHeader: null,
      credentials: 'drop',
      credentialsTtl: secondsOf('15m'),
      forwardsBody: 0,
      secretHash: hashOfGateSecret(secret),
      createTime: now,
      updateTime: now,
    };
    const gate = { ...row, ...changeOf(row, dto) };
    try {
      return await this.unitOfWork.run(async (tx) => {
        await countUpRevision(tx);
        await this.gates.insert(tx, gate);
        return { ...toView(gate), secret };
      });
    } catch (error) {
      if (classify(error) !== 'duplicate') throw error;
      // Whose it is, is nobody's business.
      throw new Problem('already_exists', `the key ${dto.key} is taken`);
    }
  }

  async list(principal: UserPrincipal, query: ListGates): Promise<Page<GateView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const rows = await this.gates.list(team === null ? scopeOf(principal) : [team], window);
    return pageOf(rows, window, (row) => row.id, toView);
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, key: string): Promise<GateView> {
    const row = gateKeyPattern.test(key) ? await this.gates.find(scopeOf(principal), key) : null;
    if (!row) throw notFound(`gate ${key}`);
    return toView(row);
  }

  /** @throws Problem 400 for fields that do not fit together or an upstream that must not be called, 404 */
  async update(principal: UserPrincipal, key: string, dto: UpdateGate): Promise<GateView> {
    await this.refuseUpstream(dto.upstream);
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, key);
      const change = { ...changeOf(row, dto), updateTime: wholeSecond(this.clock.now()) };
      await this.gates.update(tx, row.id, change);
      return toView({ ...row, ...change });
    });
  }

  /** @throws Problem 404, 409 in_use while a request that came through it waits or is being executed */
  async remove(principal: UserPrincipal, key: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, key);
      if (await this.gates.isAwaited(tx, row)) {
        throw new Problem(
          'in_use',
          `requests that came through gate ${key} are under way; have them decided first`,
        );
      }
      await this.gates.delete(tx, row.id);
    });
  }

  /** Gives the proxy a new secret; the old one ends at once. @throws Problem 404 */
  async rotateSecret(principal: UserPrincipal, key: string): Promise<GateSecret> {
    const secret = newGateSecret();
    return this.unitOfWork.run(async (tx) => {
      const row = await this.own(tx, principal, key);
      const updateTime = wholeSecond(this.clock.now());
      await this.gates.update(tx, row.id, { secretHash: hashOfGateSecret(secret), updateTime });
      return { secret };
    });
  }

  /** A gate that the caller may change, locked, with the change counted. */
  private async own(tx: Tx, principal: UserPrincipal, key: string): Promise<GateRow> {
    await countUpRevision(tx);
    const row = gateKeyPattern.test(key) ? await this.gates.lock(tx, scopeOf(principal), key) : null;
    if (!row) throw notFound(`gate ${key}`);
    return row;
  }

  private async refuseUpstream(upstream: string | null | undefined): Promise<void> {
    const reason = upstream ? await this.addresses.whyRefused(upstream) : null;
    if (reason !== null) throw invalid('upstream', reason);
  }
}

type Headers = Pick<GateRow, 'userHeader' | 'teamHeader'>;

/** What a request changes of a gate. @throws Problem 400 for fields that do not fit together */
function changeOf(row: GateRow, dto: UpdateGate): Partial<GateRow> {
  const upstream = dto.upstream === undefined ? row.upstream : dto.upstream && upstreamOf(dto.upstream);
  if (upstream === null && withUpstream.includes(row.adapter as Adapter)) {
    throw invalid('upstream', `is required for the adapter ${row.adapter}`);
  }
  const identity = dto.identity ?? row.identity;
  return {
    ...(dto.name === undefined ? {} : { name: dto.name }),
    upstream,
    identity,
    ...(identity === 'headers' ? headersOf(row, dto) : noHeaders(dto)),
    ...(dto.credentials === undefined ? {} : { credentials: dto.credentials }),
    ...(dto.credentialsTtl === undefined ? {} : { credentialsTtl: secondsOf(dto.credentialsTtl) }),
    ...(dto.forwardsBody === undefined ? {} : { forwardsBody: Number(dto.forwardsBody) }),
  };
}

function headersOf(row: GateRow, dto: UpdateGate): Headers {
  const userHeader = dto.userHeader?.toLowerCase() ?? row.userHeader ?? 'x-user-code';
  if (row.scope !== platform) {
    if (dto.teamHeader === undefined) return { userHeader, teamHeader: null };
    throw invalid('teamHeader', 'is only for gates of the platform: this one has its team');
  }
  const teamHeader = dto.teamHeader?.toLowerCase() ?? row.teamHeader ?? 'x-acc-code';
  if (teamHeader === userHeader) throw invalid('teamHeader', 'must be another header than userHeader');
  return { userHeader, teamHeader };
}

function noHeaders(dto: UpdateGate): Headers {
  const field = (['userHeader', 'teamHeader'] as const).find((name) => dto[name] !== undefined);
  if (field !== undefined) throw invalid(field, 'is only for gates whose identity is headers');
  return { userHeader: null, teamHeader: null };
}

const toView = (row: GateRow) =>
  ({
    id: row.id,
    key: row.gateKey,
    name: row.name,
    accCode: row.scope === platform ? null : row.scope,
    adapter: row.adapter as Adapter,
    upstream: row.upstream,
    identity: row.identity as Identity,
    userHeader: row.userHeader,
    teamHeader: row.teamHeader,
    credentials: row.credentials as CredentialRule,
    credentialsTtl: durationText(row.credentialsTtl),
    forwardsBody: row.forwardsBody === 1,
    createTime: row.createTime,
    updateTime: row.updateTime,
  }) satisfies GateView;
