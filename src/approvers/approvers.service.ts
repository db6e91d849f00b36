import { Injectable } from '@nestjs/common';
import { type Principal, teamOf, type UserPrincipal } from '../auth/principal.js';
import { BusinessTypesService } from '../business-types/business-types.service.js';
import { Database } from '../database/database.js';
import { DirectoryService } from '../directory/directory.service.js';
import { type FindingRule, plainFinding } from '../engine/order-state.js';
import {
  type NodeObjectType,
  groupSubject,
  roleSubject,
  type Subject,
  userSubject,
} from '../engine/vocabulary.js';
import { type FieldError, invalid, notFound, Problem } from '../http/problem.js';
import { NodesService } from '../nodes/nodes.service.js';
import { ApproverFinder, wrongChoices } from './approver-finder.service.js';
import { ApproverResolver } from './approver-resolver.service.js';
import type { ResolveApprovers, ResolvedApprovers } from './approvers.dto.js';
import { ruleErrors } from './approvers.rules.js';
import { reasonOf } from './found.texts.js';

/** What is tried out. */
interface Rule {
  /** Null where it is on no node. */
  readonly nodeName: string | null;
  /** The team whose groups its codes mean; null for the platform's. */
  readonly nodeTeam: string | null;
  readonly auditObjectType: NodeObjectType;
  readonly auditObject: readonly string[];
  readonly finding: FindingRule;
}

/** Tries out how approvers are found, for those who set it up. Stores nothing, and calls nothing but resolvers. */
@Injectable()
export class ApproversService {
  constructor(
    private readonly finder: ApproverFinder,
    private readonly resolver: ApproverResolver,
    private readonly directory: DirectoryService,
    private readonly types: BusinessTypesService,
    private readonly nodes: NodesService,
    private readonly database: Database,
  ) {}

  /**
   * Whom a rule finds for an applicant right now.
   * @throws Problem 400 for fields that do not make sense together, or a choice that the order would be refused for; 404
   * for a team, node, applicant or business type that does not exist for the caller; 403 for a business type that an API
   * key may not use. Never for a business system that does not answer: that is the answer's `problem`.
   */
  async resolve(principal: Principal, dto: ResolveApprovers): Promise<ResolvedApprovers> {
    refuse(ruleErrors(dto));
    const { rule, team } = await this.ruleOf(principal, dto);
    await this.requireApplicant(team, dto.userCode);
    const { auditObjectType, auditObject, finding } = rule;
    const { whenNobody } = finding;
    if (auditObjectType === 'resolver') {
      const { people, problem } = await this.ask(principal, dto, rule, team);
      const reason = 'named by the business system';
      return { approvers: people.map((userCode) => ({ userCode, reason })), whenNobody, problem };
    }
    await this.requireChoice(team, rule);
    const { why, problem } = await this.finder.find(this.database, {
      team,
      applicant: dto.userCode,
      auditObjectType,
      auditObject,
      subjects: await this.subjectsOf(team, rule),
      finding,
    });
    const approvers = why.map((one) => ({
      userCode: one.userCode,
      reason: reasonOf(one, dto.userCode).en,
    }));
    return { approvers, whenNobody, problem };
  }

  /** The node's, as a copy for an order; or the one that the request describes. */
  private async ruleOf(
    principal: Principal,
    dto: ResolveApprovers,
  ): Promise<{ readonly rule: Rule; readonly team: string | null }> {
    const caller = personIn(principal, dto.accCode);
    const own = teamOf(caller, dto.accCode);
    const chosen = dto.chosenApprovers ?? [];
    if (dto.nodeId === undefined) {
      const { auditObjectType = 'user', auditObject = [], restrictTo = null, pastVacant = false } = dto;
      if (auditObjectType === 'resolver' && principal.kind === 'service') {
        throw invalid('auditObjectType', 'resolver is for people; an API key names a node that has one');
      }
      const finding = { ...plainFinding, restrictTo, pastVacant, chosen };
      return { rule: { nodeName: null, nodeTeam: own, auditObjectType, auditObject, finding }, team: own };
    }
    const node = await this.nodes.get(caller, dto.nodeId);
    const team = own ?? node.accCode;
    if (node.accCode !== null && node.accCode !== team) throw notFound(`node ${dto.nodeId}`);
    const { templateNodeName, auditObjectType, auditObject, restrictTo, pastVacant, whenNobody, fallback } =
      node;
    const finding = { restrictTo, pastVacant, whenNobody, fallback, chosen };
    const nodeTeam = node.accCode;
    return { rule: { nodeName: templateNodeName, nodeTeam, auditObjectType, auditObject, finding }, team };
  }

  /** Somebody who is not listed can apply in any team, somebody listed in another team in none but that. */
  private async requireApplicant(team: string | null, userCode: string): Promise<void> {
    const here = await this.directory.listed(this.database, team, [userCode]);
    if (here.has(userCode)) return;
    const anywhere = await this.directory.listed(this.database, null, [userCode]);
    if (anywhere.has(userCode)) throw notFound(`user ${userCode}`);
  }

  private async requireChoice(
    team: string | null,
    { auditObjectType, auditObject, finding: { chosen } }: Rule,
  ): Promise<void> {
    if (chosen.length === 0) return;
    if (auditObjectType !== 'applicant_choice') {
      throw invalid('chosenApprovers', `is for applicant_choice only, not for ${auditObjectType}`);
    }
    const listed = await this.directory.listed(this.database, team, chosen);
    const wrong = wrongChoices(auditObject, chosen, listed);
    if (wrong.length > 0) throw invalid('chosenApprovers', `may not name ${wrong.join(', ')}`);
  }

  private async ask(principal: Principal, dto: ResolveApprovers, rule: Rule, team: string | null) {
    const { businessType, businessKey = null, variables = {} } = dto;
    const [url] = rule.auditObject;
    if (businessType === undefined || url === undefined) {
      throw invalid('businessType', 'is required for a resolver: its secret signs the question');
    }
    const allowed = principal.kind === 'service' ? principal.businessTypes : null;
    if (allowed && !allowed.includes(businessType)) {
      throw new Problem('forbidden', `this API key may not use business type ${businessType}`);
    }
    const type = await this.types.resolve(team, businessType);
    if (!type) throw notFound(`business type ${businessType}`);
    return this.resolver.approvers({
      url,
      ticketId: null,
      team,
      businessType,
      businessTypeId: type.id,
      businessKey,
      applicant: dto.userCode,
      applyStep: null,
      nodeName: rule.nodeName,
      variables,
    });
  }

  /** Whom the codes mean: a group's code the team's own group, else the platform's, as when an order is opened. */
  private async subjectsOf(team: string | null, rule: Rule): Promise<Subject[]> {
    const { auditObjectType, auditObject, nodeTeam } = rule;
    if (auditObjectType === 'user') return auditObject.map(userSubject);
    if (auditObjectType === 'role') return auditObject.map(roleSubject);
    if (auditObjectType !== 'group') return [];
    const scopes = await this.directory.resolveGroups(this.database, nodeTeam && team, auditObject);
    return auditObject.flatMap((code) => {
      const scope = scopes.get(code);
      return scope === undefined ? [] : [groupSubject(scope, code)];
    });
  }
}

/**
 * The caller as a person of the team in which the call works; of no role where it is a service account.
 * @throws Problem 404 for a team that is not the key's, 400 where it has several and names none.
 */
function personIn(principal: Principal, named: string | undefined): UserPrincipal {
  if (principal.kind === 'user') return principal;
  const team = named ?? (principal.accCodes.length === 1 ? principal.accCodes[0] : undefined);
  if (team === undefined) throw invalid('accCode', 'is required: this API key acts for several teams');
  if (!principal.accCodes.includes(team)) throw notFound(`team ${team}`);
  return { kind: 'user', userCode: principal.keyId, accCode: team, roles: [] };
}

/** @throws Problem 400 unless nothing is wrong. */
function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const detail = errors.map(({ field, message }) => `${field} ${message}`).join('; ');
  throw new Problem('validation_failed', detail, { errors });
}
