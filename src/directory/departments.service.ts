import { Injectable } from '@nestjs/common';
import { isSystemAdmin, scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { systemUserCode } from '../auth/token.verifier.js';
import { wholeSecond } from '../database/dialect.js';
import type { Tx } from '../database/sql.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { circleThrough } from './department-circle.js';
import type { DepartmentKey, DepartmentRow } from './department.entity.js';
import type { DepartmentView, ListDepartments, PutDepartment } from './departments.dto.js';
import { DepartmentsRepository } from './departments.repository.js';
import { platform } from './group-subject.js';
import { settle } from '../database/settle.js';
import { cursorOf, keyOfCursor } from '../auth/sight.js';

/** Departments, each below another or on top. People name theirs by code; who leads one is asked when an order opens. */
@Injectable()
export class DepartmentsService {
  constructor(
    private readonly departments: DepartmentsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a department of the caller's team, or of the platform, or replaces its name, parent and leader.
   * @throws Problem 404 for another team; 400 for a leader whose code is reserved, for a parent that does not exist for
   * the department, and for one that would make a circle.
   */
  async put(principal: UserPrincipal, code: string, dto: PutDepartment): Promise<DepartmentView> {
    const key: DepartmentKey = { scope: teamOf(principal, dto.accCode) ?? platform, code };
    if (dto.leader === systemUserCode) {
      throw invalid('leader', `must not be ${systemUserCode}, the code of the service itself`);
    }
    const now = wholeSecond(this.clock.now());
    return settle(() =>
      this.unitOfWork.run(async (tx) => {
        const before = await this.departments.lock(tx, key);
        const row: DepartmentRow = {
          ...key,
          name: dto.name,
          parentCode: dto.parent ?? null,
          leader: dto.leader ?? null,
          source: before?.source ?? null,
          externalId: before?.externalId ?? null,
          createTime: before?.createTime ?? now,
          updateTime: now,
        };
        await this.checkParent(tx, row);
        if (before) await this.departments.update(tx, key, row);
        else await this.departments.insert(tx, row);
        return toView(row);
      }),
    );
  }

  /** For a team, what codes mean there; for a system administrator who names no team, every department. */
  async list(principal: UserPrincipal, query: ListDepartments): Promise<Page<DepartmentView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const sight = team === null && scopeOf(principal) === 'all' ? 'all' : { team };
    const rows = await this.departments.list(sight, keyOfCursor(window.after), window.take);
    return pageOf(rows, window, cursorOf, toView);
  }

  /** @throws Problem 404 */
  async get(principal: UserPrincipal, code: string, accCode: string | undefined): Promise<DepartmentView> {
    const row = await this.departments.find(teamOf(principal, accCode), code);
    if (!row) throw notFound(`department ${code}`);
    return toView(row);
  }

  /**
   * Deletes a department, also one that people are in: a code that no department has is like none.
   * @throws Problem 404; 403 when a team administrator means a department of the platform; 409 while another has it as
   * its parent, or while it hides one of the platform that would make a circle in the team.
   */
  async remove(principal: UserPrincipal, code: string, accCode: string | undefined): Promise<void> {
    const key: DepartmentKey = { scope: teamOf(principal, accCode) ?? platform, code };
    await this.unitOfWork.run(async (tx) => {
      if (!(await this.departments.lock(tx, key))) {
        const isPlatforms = !isSystemAdmin(principal) && (await this.departments.find(null, code, tx));
        throw isPlatforms ? platformDepartment(code) : notFound(`department ${code}`);
      }
      const child = await this.departments.child(tx, key);
      if (child) throw new Problem('in_use', `department ${child.code} has department ${code} as its parent`);
      await this.departments.delete(tx, key);
      if (key.scope === platform) return;
      const circle = circleThrough(await this.departments.links(tx, key.scope), key);
      if (!circle) return;
      throw new Problem('in_use', `without it, the platform's would make a circle: ${way(circle.codes)}`);
    });
  }

  /** Under the lock: nobody else changes who is below whom in this scope or the platform. */
  private async checkParent(tx: Tx, { scope, code, parentCode }: DepartmentRow): Promise<void> {
    if (parentCode === null) return;
    const others = (await this.departments.links(tx, scope)).filter(
      (link) => link.scope !== scope || link.code !== code,
    );
    const circle = circleThrough([...others, { scope, code, parentCode }], { scope, code });
    if (circle) {
      const where = circle.scope === scope ? '' : ` in team ${circle.scope}`;
      throw invalid('parent', `would make a circle${where}: ${way(circle.codes)}`);
    }
    const parents = others.filter((link) => link.code === parentCode);
    if (parents.some((link) => link.scope === scope || link.scope === platform)) return;
    throw invalid('parent', `names no department: ${parentCode}`);
  }
}

const platformDepartment = (code: string): Problem =>
  new Problem(
    'forbidden',
    `department ${code} belongs to the platform; only system administrators change it`,
  );

const way = (codes: readonly string[]): string => codes.join(' → ');

const toView = (row: DepartmentRow): DepartmentView => ({
  code: row.code,
  name: row.name,
  parent: row.parentCode,
  leader: row.leader,
  accCode: row.scope === platform ? null : row.scope,
  createTime: row.createTime,
  updateTime: row.updateTime,
});
