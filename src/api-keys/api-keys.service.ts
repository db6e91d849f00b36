import { Injectable } from '@nestjs/common';
import { isSystemAdmin, scopeOf, teamOf, type UserPrincipal } from '../auth/principal.js';
import { wholeSecond } from '../database/dialect.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { type Page, pageOf, windowOf } from '../http/pagination.js';
import { invalid, notFound, Problem } from '../http/problem.js';
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

  /**
   * @throws Problem 404 when a team administrator names another team; 400 for a key of no team that does not keep the
   * directory, and for one that does and names several teams, or business types; 403 for a team administrator who means
   * the whole installation's directory.
   */
  async create(principal: UserPrincipal, dto: CreateApiKey): Promise<ApiKeyWithSecret> {
    for (const accCode of dto.accCodes) teamOf(principal, accCode);
    checkRights(principal, dto);
    const id = this.ids.next();
    const key = newApiKey(id);
    const row: ApiKeyRow = {
      id,
      name: dto.name,
      keyHash: hashOfApiKey(key),
      businessTypes: dto.businessTypes?.join(',') ?? null,
      directory: Number(dto.directory ?? false),
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
        directory: row.directory === 1,
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

function checkRights(principal: UserPrincipal, { accCodes, businessTypes, directory }: CreateApiKey): void {
  if (!directory) {
    if (accCodes.length === 0)
      throw invalid('accCodes', 'must name a team: this key does not keep the directory');
    return;
  }
  if (businessTypes)
    throw invalid('businessTypes', 'must be left out: a key that keeps the directory opens no orders');
  if (accCodes.length > 1)
    throw invalid('accCodes', 'must name one team, or none for the whole installation');
  if (accCodes.length === 0 && !isSystemAdmin(principal)) {
    throw new Problem(
      'forbidden',
      "only system administrators make keys of the whole installation's directory",
    );
  }
}
