import { Injectable } from '@nestjs/common';
import { scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { wholeSecond } from '../database/dialect.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { notFound } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { hashOfApiKey, newApiKey } from './api-key-secret.js';
import type { ApiKeyRow } from './api-key.entity.js';
import type { ApiKeyView, ApiKeyWithSecret, CreateApiKey, ListApiKeys } from './api-keys.dto.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** Service accounts: business modules that open orders on behalf of the users of some teams. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @throws Problem 404 when a team administrator names another team. */
  async create(principal: UserPrincipal, dto: CreateApiKey): Promise<ApiKeyWithSecret> {
    for (const accCode of dto.accCodes) teamOf(principal, accCode);
    const id = this.ids.next();
    const key = newApiKey(id);
    const row: ApiKeyRow = {
      id,
      name: dto.name,
      keyHash: hashOfApiKey(key),
      businessTypes: dto.businessTypes?.join(',') ?? null,
      userCode: principal.userCode,
      createTime: wholeSecond(this.clock.now()),
    };
    return this.unitOfWork.run(async (tx) => {
      await this.keys.insert(tx, row, dto.accCodes);
      return {
        id,
        name: row.name,
        accCodes: dto.accCodes.toSorted(),
        businessTypes: dto.businessTypes ?? null,
        userCode: row.userCode,
        createTime: row.createTime,
        key,
      };
    });
  }

  async list(principal: UserPrincipal, query: ListApiKeys): Promise<Page<ApiKeyView>> {
    const team = teamOf(principal, query.accCode);
    const window = windowOf(query);
    const rows = await this.keys.list(scopeOf(principal), team, window);
    return pageOf(
      rows,
      window,
      (row) => row.id,
      (row) => row,
    );
  }

  /** @throws Problem 404, also for a key that acts for another team as well. */
  async remove(principal: UserPrincipal, id: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      if (!(await this.keys.exists(scopeOf(principal), id, tx))) throw notFound(`API key ${id}`);
      await this.keys.delete(tx, id);
    });
  }
}
