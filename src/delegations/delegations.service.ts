import { Injectable } from '@nestjs/common';
import {
  isSystemAdmin,
  isTeamAdmin,
  scopeOf,
  teamOf,
  type TeamScope,
  type UserPrincipal,
} from '../auth/principal.js';
import { toDbTime, wholeSecond } from '../database/dialect.js';
import type { Sql, SqlValue, Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { DirectoryService } from '../directory/directory.service.js';
import { conditionHolds, parseCondition } from '../engine/conditions/condition.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { circleOf, complaintOf, complaintOfEnd, overlapping, type Standing } from './delegation-rules.js';
import type { DelegationRow } from './delegation.entity.js';
import { stateOf, toView, typesOfColumn } from './delegation.view.js';
import type {
  CreateDelegation,
  DelegationView,
  ListDelegations,
  UpdateDelegation,
} from './delegations.dto.js';
import { DelegationsRepository, noTeam } from './delegations.repository.js';

/** A delegation that holds for an order: its period, business type and condition are judged, its delegator may act. */
export interface DelegationInForce {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Whether `to` may have somebody else stand in for them in this. */
  readonly redelegate: boolean;
  /** Whether `to` may act in the team. */
  readonly toActive: boolean;
}

/**
 * Whether a team has a delegation that still holds or will, as a column `delegating` (1 or 0) for a statement about one
 * of its orders: teams in which nobody delegates pay no statement for it.
 * @param team a column, or `?`; null there is no team
 */
export const delegatingIn = (
  team: string,
  at: Date,
): { readonly sql: string; readonly values: readonly SqlValue[] } => ({
  sql: `(SELECT EXISTS (SELECT 1 FROM dms_s_apply_delegation g
          WHERE g.scope = COALESCE(${team}, '') AND g.ends_at > ? AND g.revoked_at IS NULL)) AS delegating`,
  values: [toDbTime(at)],
});

/** Who stands in for whom (docs/delegation.md). What orders make of it is the engine's: `engine/standing-in.ts`. */
@Injectable()
export class DelegationsService {
  constructor(
    private readonly delegations: DelegationsRepository,
    private readonly directory: DirectoryService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @throws Problem 400 for a period or people that cannot be, 403 for somebody else's work, 404 for another team, 409
   * for what overlaps or leads in a circle, 422 for a condition that cannot be read
   */
  async create(principal: UserPrincipal, dto: CreateDelegation): Promise<DelegationView> {
    const team = teamOf(principal, dto.accCode);
    const from = dto.fromUserCode ?? principal.userCode;
    if (from !== principal.userCode && !isAdmin(principal)) {
      throw new Problem('forbidden', 'only an administrator delegates the work of somebody else');
    }
    requireReadable(dto.condition);
    return this.unitOfWork.run(async (tx) => {
      const now = this.clock.now();
      const second = wholeSecond(now);
      const row: DelegationRow = {
        id: this.ids.next(),
        scope: team ?? noTeam,
        fromUser: from,
        toUser: dto.toUserCode,
        startsAt: dto.startsAt === undefined ? second : momentOf(dto.startsAt),
        endsAt: momentOf(dto.endsAt),
        businessTypes: dto.businessTypes?.join(',') ?? null,
        conditionText: conditionOf(dto.condition),
        redelegate: Number(dto.redelegate ?? false),
        remark: dto.remark ?? null,
        createdBy: principal.userCode,
        revokedAt: null,
        createTime: second,
        updateTime: second,
      };
      const complaint = complaintOf(standingOf(row), now);
      if (complaint) throw invalid(complaint.field, complaint.message);
      await this.delegations.lockTeam(tx, row.scope);
      await this.requireListed(tx, team, 'toUserCode', row.toUser);
      if (from !== principal.userCode) await this.requireListed(tx, team, 'fromUserCode', from);
      await this.requireFitting(tx, row, now);
      await this.delegations.insert(tx, row);
      return toView(row, now);
    });
  }

  async list(principal: UserPrincipal, query: ListDelegations): Promise<Page<DelegationView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const now = this.clock.now();
    const rows = await this.delegations.list(
      team === null ? scopeOf(principal) : [team],
      {
        people: [
          ...(isAdmin(principal) ? [] : [principal.userCode]),
          ...(query.userCode === undefined ? [] : [query.userCode]),
        ],
        inForce: query.active === undefined ? null : { at: now, holds: query.active === 'true' },
      },
      window,
    );
    return pageOf(
      rows,
      window,
      (row) => row.id,
      (row) => toView(row, now),
    );
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, id: string): Promise<DelegationView> {
    return toView(await this.visible(principal, id), this.clock.now());
  }

  /** @throws Problem as {@link create}; 400 for one that has ended or was revoked */
  async update(principal: UserPrincipal, id: string, dto: UpdateDelegation): Promise<DelegationView> {
    requireReadable(dto.condition);
    const { scope } = await this.own(principal, id);
    return this.unitOfWork.run(async (tx) => {
      await this.delegations.lockTeam(tx, scope);
      const before = await this.own(principal, id, tx);
      const now = this.clock.now();
      if (isOver(before, now)) {
        throw invalid('id', `is a delegation that is ${stateOf(before, now)}; make another one`);
      }
      const change = { ...changeOf(dto), updateTime: wholeSecond(now) };
      const row = { ...before, ...change };
      const complaint = complaintOfEnd(row, now);
      if (complaint) throw invalid(complaint.field, complaint.message);
      await this.requireFitting(tx, row, now);
      await this.delegations.update(tx, id, change);
      return toView(row, now);
    });
  }

  /** What is over already stays as it is. @throws Problem 404, 403 for the stand-in */
  async revoke(principal: UserPrincipal, id: string): Promise<void> {
    const { scope } = await this.own(principal, id);
    await this.unitOfWork.run(async (tx) => {
      await this.delegations.lockTeam(tx, scope);
      const before = await this.own(principal, id, tx);
      const now = this.clock.now();
      if (isOver(before, now)) return;
      const second = wholeSecond(now);
      await this.delegations.update(tx, id, { revokedAt: second, updateTime: second });
    });
  }

  /**
   * The delegations that hold for an order, at most one from each person; one statement.
   * @param team the order's; null: none
   */
  async inForce(
    sql: Sql,
    team: string | null,
    at: Date,
    businessType: string,
    variables: Readonly<Record<string, unknown>>,
  ): Promise<DelegationInForce[]> {
    const found = new Map<string, DelegationInForce>();
    for (const row of await this.delegations.holding(sql, team, at)) {
      const types = typesOfColumn(row.businessTypes);
      if (found.has(row.fromUser) || (types !== null && !types.includes(businessType))) continue;
      if (!conditionHolds(row.conditionText, variables)) continue;
      found.set(row.fromUser, {
        id: row.id,
        from: row.fromUser,
        to: row.toUser,
        redelegate: row.redelegate === 1,
        toActive: row.inactive === null,
      });
    }
    return [...found.values()];
  }

  /** The delegations of these teams, under way or planned, in which a person stands in for somebody; oldest first. */
  expected(teams: TeamScope, userCode: string): Promise<string[]> {
    return this.delegations.given(teams, userCode, this.clock.now());
  }

  /** @throws Problem 404 for another team's, and for one that is neither from nor to the caller */
  private async visible(principal: UserPrincipal, id: string, sql?: Sql): Promise<DelegationRow> {
    const row = await this.delegations.find(scopeOf(principal), id, sql);
    const concerned =
      isAdmin(principal) || row?.fromUser === principal.userCode || row?.toUser === principal.userCode;
    if (!row || !concerned) throw notFound(`delegation ${id}`);
    return row;
  }

  private async own(principal: UserPrincipal, id: string, sql?: Sql): Promise<DelegationRow> {
    const row = await this.visible(principal, id, sql);
    if (isAdmin(principal) || row.fromUser === principal.userCode) return row;
    throw new Problem('forbidden', 'only the delegator or an administrator changes a delegation');
  }

  private async requireListed(tx: Tx, team: string | null, field: string, userCode: string): Promise<void> {
    const standing = (await this.directory.listed(tx, team, [userCode])).get(userCode);
    if (standing === 'active') return;
    throw invalid(
      field,
      standing === 'inactive'
        ? `is ${userCode}, who is inactive`
        : `is ${userCode}, whom the directory does not list here`,
    );
  }

  /** Under the team's lock. @throws Problem 409 */
  private async requireFitting(tx: Tx, row: DelegationRow, now: Date): Promise<void> {
    const wanted = standingOf(row);
    const others = (await this.delegations.standing(tx, row.scope, now)).filter(({ id }) => id !== row.id);
    const beside = others.map((other) => ({ ...standingOf(other), id: other.id }));
    const taken = overlapping(wanted, beside);
    if (taken) {
      throw new Problem(
        'already_exists',
        `${taken.to} stands in for ${taken.from} at that time already, by delegation ${taken.id}`,
      );
    }
    const circle = circleOf(wanted, beside);
    if (circle) throw new Problem('delegation_circle', `work would come back: ${circle.join(' → ')}`);
  }
}

const isAdmin = (principal: UserPrincipal): boolean => isTeamAdmin(principal) || isSystemAdmin(principal);

const isOver = (row: DelegationRow, now: Date): boolean => ['ended', 'revoked'].includes(stateOf(row, now));

const standingOf = (row: DelegationRow): Standing => ({
  from: row.fromUser,
  to: row.toUser,
  startsAt: row.startsAt,
  endsAt: row.endsAt,
  businessTypes: typesOfColumn(row.businessTypes),
});

const momentOf = (text: string): Date => wholeSecond(new Date(text));

/** A blank condition is none. */
const conditionOf = (text: string | null | undefined): string | null => (text?.trim() ? text : null);

const changeOf = (dto: UpdateDelegation): Partial<DelegationRow> => ({
  ...(dto.endsAt === undefined ? {} : { endsAt: momentOf(dto.endsAt) }),
  ...(dto.businessTypes === undefined ? {} : { businessTypes: dto.businessTypes?.join(',') ?? null }),
  ...(dto.condition === undefined ? {} : { conditionText: conditionOf(dto.condition) }),
  ...(dto.redelegate === undefined ? {} : { redelegate: Number(dto.redelegate) }),
  ...(dto.remark === undefined ? {} : { remark: dto.remark }),
});

/** @throws Problem 422 */
function requireReadable(condition: string | null | undefined): void {
  const parsed = parseCondition(condition ?? '');
  if (parsed.ok) return;
  const { message, position } = parsed.error;
  throw new Problem('condition_invalid', `at position ${position}: ${message}`, {
    errors: [{ field: 'condition', message }],
  });
}
