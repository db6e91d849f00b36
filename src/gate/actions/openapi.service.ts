import { Injectable } from '@nestjs/common';
import { teamOf, type UserPrincipal } from '../../auth/principal.js';
import { platform } from '../../auth/sight.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { countUpRevision } from '../gates/revision.js';
import { internalProvider } from '../../providers/provider.port.js';
import type { ActionRow } from './action.entity.js';
import { toView } from './action.view.js';
import { ActionsRepository } from './actions.repository.js';
import { ActionsService } from './actions.service.js';
import { type DocumentedOperation, readDocument } from './openapi.document.js';
import type {
  ChosenOperation,
  ImportedOpenApi,
  ImportOpenApi,
  OpenApiOperations,
  ReadOpenApi,
  SkippedOperation,
} from './openapi.dto.js';

/** Takes approve actions from the description of an API. */
@Injectable()
export class OpenApiService {
  constructor(
    private readonly service: ActionsService,
    private readonly actions: ActionsRepository,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** What there is to choose from. @throws Problem 400 for what is no document, 404 */
  async read(principal: UserPrincipal, { document, accCode }: ReadOpenApi): Promise<OpenApiOperations> {
    const scope = teamOf(principal, accCode) ?? platform;
    const { operations, unfit } = readDocument(document);
    const scopes = scope === platform ? [platform] : [platform, scope];
    const known = new Map<string, string>();
    // The oldest of its owner counts, and the team's own before the platform's.
    const rows = (await this.actions.alive(scopes)).toReversed();
    const byOwner = rows.toSorted(
      (one, other) => Number(one.scope !== platform) - Number(other.scope !== platform),
    );
    for (const row of byOwner) known.set(namedBy(row), row.id);
    return {
      items: operations.map(({ path, method, name, description, template }) => ({
        path,
        method,
        name,
        description,
        actionId: known.get(namedBy({ method, pathKey: template.key })) ?? null,
      })),
      skipped: unfit,
    };
  }

  /**
   * Makes actions of the operations that are chosen; those that cannot be made are told one by one.
   * @throws Problem 400 for what is no document or an upstream that must not be called, 404
   */
  async import(principal: UserPrincipal, dto: ImportOpenApi): Promise<ImportedOpenApi> {
    const scope = teamOf(principal, dto.accCode) ?? platform;
    const { provider = internalProvider, businessType } = dto;
    const { chosen, skipped } = chosenOf(dto);
    const rows = chosen.map((operation) => this.service.rowOf(scope, operation, dto));
    await this.service.refuseUpstream(dto.upstream);
    return this.unitOfWork.run(async (tx) => {
      await countUpRevision(tx);
      await this.service.requireTargets(tx, { scope, businessType, provider });
      const there = (await this.actions.alive([scope], tx)).filter((row) => row.provider === provider);
      const known = new Map(there.map((row) => [namedBy(row), row.id]));
      const created: ActionRow[] = [];
      const taken: SkippedOperation[] = [];
      for (const row of rows) {
        const twin = known.get(namedBy(row));
        known.set(namedBy(row), twin ?? row.id);
        if (twin === undefined) created.push(row);
        else
          taken.push({
            path: row.path,
            method: row.method,
            reason: `approve action ${twin} names it already`,
          });
      }
      await this.actions.insert(tx, created);
      return { created: created.map(toView), skipped: [...skipped, ...taken] };
    });
  }
}

const namedBy = ({ method, pathKey }: Pick<ActionRow, 'method' | 'pathKey'>): string =>
  `${method} ${pathKey}`;

/** The operations that a request chooses, under the names that it gives them. @throws Problem 400 for what is no document */
function chosenOf({ document, choose }: ImportOpenApi): {
  readonly chosen: readonly DocumentedOperation[];
  readonly skipped: readonly SkippedOperation[];
} {
  const { operations, unfit } = readDocument(document);
  const nameOf = ({ method, path }: { readonly method: string | null; readonly path: string }): string =>
    `${method ?? ''} ${path}`;
  const documented = new Map(operations.map((operation) => [nameOf(operation), operation]));
  const reasons = new Map(unfit.map((item) => [nameOf(item), item.reason]));
  const chosen: DocumentedOperation[] = [];
  const skipped: SkippedOperation[] = [];
  for (const choice of choose) {
    const operation = documented.get(nameOf(choice));
    if (operation) chosen.push({ ...operation, name: choice.name || operation.name });
    else
      skipped.push({ path: choice.path, method: choice.method, reason: reasonFor(choice, nameOf, reasons) });
  }
  return { chosen, skipped };
}

const reasonFor = (
  choice: ChosenOperation,
  nameOf: (item: { readonly method: string | null; readonly path: string }) => string,
  reasons: ReadonlyMap<string, string>,
): string =>
  reasons.get(nameOf(choice)) ??
  reasons.get(nameOf({ path: choice.path, method: null })) ??
  'the document has no such operation';
