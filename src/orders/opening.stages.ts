import { Injectable } from '@nestjs/common';
import { wrongChoices } from '../approvers/approver-finder.service.js';
import type { Sql } from '../database/sql.js';
import { DirectoryService } from '../directory/directory.service.js';
import { plainFinding, type StepSnapshot } from '../engine/order-state.js';
import { groupSubject, roleSubject, type Subject, userSubject } from '../engine/vocabulary.js';
import { invalid } from '../http/problem.js';
import type { SnapshotStage } from './opening.repository.js';

/** Whom the applicant chose: a list where one stage leaves the choice, else lists by stage number or node id. */
export type ChosenApprovers = readonly string[] | Readonly<Record<string, readonly string[]>>;

/** Makes the steps of an order from the stages of its template. */
@Injectable()
export class OpeningStages {
  constructor(private readonly directory: DirectoryService) {}

  /** @throws Problem 400 for a choice that no stage leaves, or that is outside its candidates. */
  async of(
    sql: Sql,
    team: string | null,
    stages: readonly SnapshotStage[],
    chosen: ChosenApprovers | undefined,
    distinct: boolean,
  ): Promise<StepSnapshot[]> {
    const choices = choicesOf(stages, chosen);
    await this.judge(sql, team, choices);
    return this.copies(sql, team, stages, choices, distinct);
  }

  /**
   * The steps of an order as other stages would have them: whom its applicant has chosen for a node stays chosen there.
   * @param steps what the order has now
   */
  async instead(
    sql: Sql,
    team: string | null,
    stages: readonly SnapshotStage[],
    steps: readonly StepSnapshot[],
    distinct: boolean,
  ): Promise<StepSnapshot[]> {
    const left = [...steps];
    const choices = new Map<SnapshotStage, readonly string[]>();
    for (const stage of stages) {
      const index = left.findIndex(({ nodeId }) => nodeId === stage.nodeId);
      const [step] = index < 0 ? [] : left.splice(index, 1);
      if (stage.auditObjectType === 'applicant_choice') choices.set(stage, step?.finding?.chosen ?? []);
    }
    return this.copies(sql, team, stages, choices, distinct);
  }

  private async copies(
    sql: Sql,
    team: string | null,
    stages: readonly SnapshotStage[],
    choices: ReadonlyMap<SnapshotStage, readonly string[]>,
    distinct: boolean,
  ): Promise<StepSnapshot[]> {
    const subjects = await this.subjects(sql, team, stages);
    return stages.map((stage): StepSnapshot => {
      const { finding, minApprovals } = stage;
      const rule = stage.auditObjectType === 'applicant_choice' ? (finding ?? plainFinding) : finding;
      return {
        applyStep: stage.applyStep,
        nodeId: stage.nodeId,
        nodeName: stage.nodeName,
        auditObjectType: stage.auditObjectType,
        auditObject: stage.auditObject,
        approvalMode: stage.approvalMode,
        ...(minApprovals === null ? {} : { minApprovals }),
        condition: stage.condition,
        subjects: subjects.get(stage) ?? [],
        ...(rule ? { finding: { ...rule, chosen: choices.get(stage) ?? [] } } : {}),
        nodeVersion: stage.nodeVersion,
        ...(stage.timing ? { timing: stage.timing } : {}),
        ...(distinct ? { byName: true } : {}),
      };
    });
  }

  private async judge(
    sql: Sql,
    team: string | null,
    choices: ReadonlyMap<SnapshotStage, readonly string[]>,
  ): Promise<void> {
    if (choices.size === 0) return;
    const listed = await this.directory.listed(sql, team, [...new Set([...choices.values()].flat())]);
    for (const [stage, chosen] of choices) {
      const wrong = wrongChoices(stage.auditObject, chosen, listed);
      if (wrong.length === 0) continue;
      const message = `names ${wrong.join(', ')}, who cannot be chosen on stage ${stage.applyStep} "${stage.nodeName}"`;
      throw invalid('chosenApprovers', message);
    }
  }

  /** The subjects behind each stage's codes; a group's code means the team's own group, else the platform's. */
  private async subjects(
    sql: Sql,
    team: string | null,
    stages: readonly SnapshotStage[],
  ): Promise<ReadonlyMap<SnapshotStage, readonly Subject[]>> {
    const scopes = new Map<string | null, ReadonlyMap<string, string>>();
    for (const nodeTeam of new Set(stages.map((stage) => stage.nodeTeam))) {
      const codes = stages
        .filter((stage) => stage.auditObjectType === 'group' && stage.nodeTeam === nodeTeam)
        .flatMap((stage) => stage.auditObject);
      if (codes.length === 0) continue;
      scopes.set(nodeTeam, await this.directory.resolveGroups(sql, nodeTeam && team, [...new Set(codes)]));
    }
    const subjectsOf = (stage: SnapshotStage): Subject[] => {
      switch (stage.auditObjectType) {
        case 'user':
          return stage.auditObject.map(userSubject);
        case 'role':
          return stage.auditObject.map(roleSubject);
        case 'group': {
          const known = scopes.get(stage.nodeTeam);
          // A group that does not exist (yet) stays a candidate without members, in the scope of the node.
          return stage.auditObject.map((code) =>
            groupSubject(known?.get(code) ?? stage.nodeTeam ?? '', code),
          );
        }
        default:
          return [];
      }
    };
    return new Map(stages.map((stage) => [stage, subjectsOf(stage)]));
  }
}

/** @throws Problem 400 when a choice is for no stage that leaves one. */
function choicesOf(
  stages: readonly SnapshotStage[],
  chosen: ChosenApprovers | undefined,
): ReadonlyMap<SnapshotStage, readonly string[]> {
  const free = stages.filter((stage) => stage.auditObjectType === 'applicant_choice');
  const choices = new Map<SnapshotStage, readonly string[]>();
  if (chosen === undefined) return choices;
  if (isList(chosen)) {
    if (chosen.length > 0 && free.length === 0) {
      throw invalid(
        'chosenApprovers',
        'is given, but no stage of the template leaves the choice to the applicant',
      );
    }
    if (free.length > 1) {
      throw invalid(
        'chosenApprovers',
        `must name the stages, as in {"${free[0]?.applyStep ?? 1}": ["u1"]}: several leave the choice to the applicant`,
      );
    }
    for (const stage of free) choices.set(stage, [...new Set(chosen)]);
    return choices;
  }
  for (const [key, people] of Object.entries(chosen)) {
    const stage = free.find((one) => String(one.applyStep) === key || one.nodeId === key);
    if (!stage)
      throw invalid(
        'chosenApprovers',
        `names ${key}, which is no stage that leaves the choice to the applicant`,
      );
    choices.set(stage, [...new Set(people)]);
  }
  return choices;
}

const isList = (chosen: ChosenApprovers): chosen is readonly string[] => Array.isArray(chosen);
