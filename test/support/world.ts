import type { Client, TestUser } from './harness.js';

/** People of the tests: two teams with an administrator each, and a system administrator. */
export const root: TestUser = { sub: 'root', roles: ['system_admin'] };
export const boss: TestUser = { sub: 'boss', acc_code: 't1', roles: ['team_admin'] };
export const rival: TestUser = { sub: 'rival', acc_code: 't2', roles: ['team_admin'] };
export const ann: TestUser = { sub: 'ann', acc_code: 't1' };
export const bob: TestUser = { sub: 'bob', acc_code: 't1' };
export const carol: TestUser = { sub: 'carol', acc_code: 't1' };
export const dave: TestUser = { sub: 'dave', acc_code: 't1' };
export const eve: TestUser = { sub: 'eve', acc_code: 't2' };

/** One stage of a test's template: who reviews, and how. */
export interface StageGiven {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  readonly mode?: 'any' | 'all' | 'threshold' | 'sequential';
  readonly condition?: string;
  /** When it is due. */
  readonly timing?: Readonly<Record<string, unknown>>;
  /** Any other fields of its node, `auditObjectType` and `templateNodeName` among them. */
  readonly node?: Readonly<Record<string, unknown>>;
}

/** A running service, in this process or another. */
export interface Speaks {
  as(user: TestUser): Client;
}

let made = 0;

/**
 * Given a business type of team t1, bound to a template of these stages.
 * @returns the business type's code
 */
export async function givenFlow(
  app: Speaks,
  stages: readonly StageGiven[],
  options: {
    readonly autoApprove?: string;
    readonly dedupe?: string;
    readonly distinctApprovers?: boolean;
    readonly executeUrl?: string;
    readonly checkUrl?: string;
  } = {},
): Promise<{ businessType: string; templateId: string; nodeIds: string[] }> {
  const admin = app.as(boss);
  const number = ++made;
  const nodeIds: string[] = [];
  for (const [index, stage] of stages.entries()) {
    const node = await created(admin, '/nodes', {
      templateNodeName: `node ${number}.${index + 1}`,
      auditObjectType: stage.groups ? 'group' : stage.roles ? 'role' : 'user',
      auditObject: stage.groups ?? stage.roles ?? stage.users,
      ...(stage.mode ? { approvalMode: stage.mode } : {}),
      ...stage.node,
    });
    nodeIds.push(node.id as string);
  }
  const { autoApprove, dedupe, distinctApprovers, ...callbacks } = options;
  const template = await created(admin, '/templates', {
    templateName: `template ${number}`,
    stages: stages.map(({ condition, timing }, index) => ({
      nodeId: nodeIds[index],
      ...(condition ? { condition } : {}),
      ...(timing ? { timing } : {}),
    })),
    ...(autoApprove ? { autoApprove } : {}),
    ...(dedupe ? { dedupe } : {}),
    ...(distinctApprovers ? { distinctApprovers } : {}),
  });
  const businessType = `flow-${number}`;
  await created(admin, '/business-types', { code: businessType, name: `Flow ${number}`, ...callbacks });
  const bound = await admin.put(`/bindings/${businessType}`, { templateId: template.id });
  if (bound.status !== 200) throw new Error(`binding: ${JSON.stringify(bound.body)}`);
  return { businessType, templateId: template.id as string, nodeIds };
}

/** Posts and expects 201. */
export async function created(client: Client, path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await client.post(path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as Record<string, unknown>;
}

/** The statuses of an order's steps, in order. */
export const path = (order: { steps: readonly { auditStatus: string }[] }): string[] =>
  order.steps.map((step) => step.auditStatus);
