import {
  type BusinessModule,
  type ReceivedCall,
  type Reply,
  startBusinessModule,
} from './business-module.js';
import { eventually } from './eventually.js';
import type { Answer, TestApp, TestUser } from './harness.js';
import { boss, created, type StageGiven } from './world.js';

/** One sales order of the business system: `CR` new, `PA` waiting to be served (requirement 002, Ordr). */
export interface Ordr {
  status: string;
  readonly [field: string]: unknown;
}

/** The business system of requirement 002: it asks for approval before it changes an order, and is called when it may. */
export interface Erp {
  readonly module: BusinessModule;
  /** Adds an order. @returns its id */
  add(fields: Readonly<Record<string, unknown>>): string;
  ordr(id: string): Ordr;
  /** `ApproveRec::autoRun` in `onValidate`: the change is made only when no approval is under way. */
  setStatus(who: TestUser, id: string, status: string, flow: string): Promise<Answer>;
  autoRun(who: TestUser, id: string, flows?: readonly string[]): Promise<Answer>;
  /** How the order stands in one flow. */
  standing(id: string, flow: string): Promise<Record<string, unknown>>;
  standsAs(id: string, flow: string, approveFlag: string): Promise<Record<string, unknown>>;
  statusBecomes(id: string, status: string): Promise<unknown>;
  /** `getApprover`: who may review, by path. */
  approvers: Map<string, (question: Readonly<Record<string, unknown>>) => readonly string[]>;
}

/** @param onOk what each flow does to an approved order */
export async function startErp(app: TestApp, onOk: Readonly<Record<string, string>>): Promise<Erp> {
  const orders = new Map<string, Ordr>();
  const approvers: Erp['approvers'] = new Map();
  const execute = (call: ReceivedCall): Reply => {
    const { business_type, business_key } = call.body.data;
    const order = orders.get(String(business_key));
    if (!order)
      return { status: 200, body: { ticket_id: call.ticket, result: false, error: 'no such order' } };
    order.status = onOk[String(business_type)] ?? order.status;
    return { status: 200, body: { ticket_id: call.ticket, result: true } };
  };
  const module = await startBusinessModule((call) => {
    const find = approvers.get(call.path);
    return find ? { status: 200, body: { user_codes: find(call.body.data) } } : execute(call);
  });
  const ordr = (id: string): Ordr => {
    const order = orders.get(id);
    if (!order) throw new Error(`no order ${id}`);
    return order;
  };
  const autoRun: Erp['autoRun'] = (who, id, businessTypes) =>
    app.as(who).post(`/objects/Ordr/${id}/auto-run`, {
      variables: ordr(id),
      ...(businessTypes ? { businessTypes } : {}),
    });
  const standing: Erp['standing'] = async (id, flow) => {
    const { body } = await app.as(boss).get(`/objects/Ordr/approvals?ids=${id}`);
    return (body.items as Record<string, unknown>[]).find((one) => one.businessType === flow) ?? {};
  };
  return {
    module,
    approvers,
    ordr,
    autoRun,
    standing,
    add: (fields) => {
      const id = `SO-${orders.size + 1}`;
      orders.set(id, { status: 'CR', ...fields });
      return id;
    },
    setStatus: async (who, id, status, flow) => {
      const answer = await autoRun(who, id, [flow]);
      if (answer.status === 200 && !answer.body.triggered) ordr(id).status = status;
      return answer;
    },
    standsAs: (id, flow, flag) =>
      eventually(
        () => standing(id, flow),
        ({ approveFlag }) => approveFlag === flag,
      ),
    statusBecomes: (id, status) =>
      eventually(
        () => ordr(id).status,
        (now) => now === status,
      ),
  };
}

/** 新增审批流: a flow over `Ordr`, by its name, with its stages. */
export async function givenErpFlow(
  app: TestApp,
  name: string,
  stages: readonly (StageGiven & { readonly node: Readonly<Record<string, unknown>> })[],
  executeUrl?: string,
): Promise<void> {
  const admin = app.as(boss);
  const rows: object[] = [];
  for (const { node, condition } of stages) {
    const { id } = await created(admin, '/nodes', node);
    rows.push({ nodeId: id, ...(condition === undefined ? {} : { condition }) });
  }
  const template = await created(admin, '/templates', { templateName: name, stages: rows });
  await created(admin, '/business-types', {
    code: name,
    name,
    objectType: 'Ordr',
    ...(executeUrl ? { executeUrl } : {}),
  });
  const bound = await admin.put(`/bindings/${encodeURIComponent(name)}`, { templateId: template.id });
  if (bound.status !== 200) throw new Error(`binding: ${JSON.stringify(bound.body)}`);
}

/** A stage that one role reviews; the stage is called like the role. */
export const roleStage = (role: string, condition?: string, more: object = {}) => ({
  node: { templateNodeName: role, auditObjectType: 'role', auditObject: [role], ...more },
  ...(condition === undefined ? {} : { condition }),
});
