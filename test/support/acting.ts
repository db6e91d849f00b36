import { expect } from 'vitest';
import { eventually } from './eventually.js';
import type { Answer, TestApp, TestUser } from './harness.js';
import { historiesOf } from './order-history.js';
import { directoryOf } from './resolver-people.js';
import { ann, bob, carol, created, dave, root } from './world.js';

export const colleague = (sub: string): TestUser => ({ sub, acc_code: 't1' });
export const fay = colleague('fay');
export const gus = colleague('gus');

/** Everybody of team t1 to whom the tests of actions give work; who applies comes first. */
export const crew: readonly TestUser[] = [ann, bob, carol, dave, fay, gus];

/** Given that the directory lists the crew: nobody gives work to people whom it does not know. */
export async function givenCrew(app: TestApp): Promise<void> {
  const given = directoryOf(app.as(root));
  for (const { sub } of crew) await given.user(sub);
}

/** One person on a step, as the API shows it. */
export interface AssigneeShown {
  readonly userCode: string;
  readonly kind: string;
  readonly position: string | null;
  readonly canDecide: boolean;
  readonly decision: 'approved' | 'rejected' | null;
  readonly auditMsg: string | null;
  readonly onBehalfOf: string | null;
}

export interface StepShown {
  readonly applyStep: number;
  readonly nodeName: string;
  readonly auditStatus: string;
  readonly requiredApprovals: number;
  readonly auditUserCode: string | null;
  readonly auditMsg: string | null;
  readonly reason: string | null;
  readonly dueAt: string | null;
  readonly assignees: readonly AssigneeShown[];
}

export interface OrderShown {
  readonly id: string;
  readonly userCode: string;
  readonly applyStatus: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly returned: { readonly by: string; readonly fromStep: number; readonly resume: string } | null;
  readonly version: number;
  readonly steps: readonly StepShown[];
}

/** One order that people act on. */
export interface Acting {
  readonly id: string;
  /** Whatever the answer is. */
  act(who: TestUser, command: string, body?: object): Promise<Answer>;
  /** Expects 200. @returns the order as it is then */
  does(who: TestUser, command: string, body?: object): Promise<OrderShown>;
  /** Expects a problem, and that it changed nothing. @returns its status and code, as `403 forbidden` */
  refuses(who: TestUser, command: string, body?: object): Promise<string>;
  order(): Promise<OrderShown>;
  /** The statuses of its steps. */
  path(): Promise<string[]>;
  /** Whose to-do lists hold it now; expects that list, count and `can-act` agree for everybody of the crew. */
  turns(): Promise<string[]>;
  /** The names of what happened to it. */
  operations(): Promise<string[]>;
}

export async function openActing(
  app: TestApp,
  businessType: string,
  more: object = {},
  applicant: TestUser = ann,
): Promise<Acting> {
  const { id } = await created(app.as(applicant), '/orders', { businessType, ...more });
  return actingOn(app, String(id));
}

export function actingOn(app: TestApp, id: string): Acting {
  const act: Acting['act'] = (who, command, body = {}) => app.as(who).post(`/orders/${id}/${command}`, body);
  const order = async (): Promise<OrderShown> => {
    const { status, body } = await app.as(root).get(`/orders/${id}`);
    expect(status).toBe(200);
    return body as OrderShown;
  };
  return {
    id,
    act,
    order,
    does: async (who, command, body) => {
      const answer = await act(who, command, body);
      expect(answer.status, `${command} of ${who.sub}: ${JSON.stringify(answer.body)}`).toBe(200);
      return answer.body as OrderShown;
    },
    refuses: async (who, command, body) => {
      const before = await order();
      const answer = await act(who, command, body);
      expect(answer.status, `${command} of ${who.sub}: ${JSON.stringify(answer.body)}`).toBeGreaterThan(399);
      expect(await order(), `${command} of ${who.sub} was refused`).toEqual(before);
      return `${answer.status} ${answer.body.code}`;
    },
    path: async () => (await order()).steps.map((step) => step.auditStatus),
    turns: async () => {
      const { returned, userCode } = await order();
      const asked = await Promise.all(
        crew.map(async (who) => {
          const client = app.as(who);
          const [list, count, can] = await Promise.all([
            client.get('/orders?scope=todo&limit=100'),
            client.get('/orders/todo/count'),
            client.get(`/orders/${id}/can-act`),
          ]);
          const todo = list.body.items as { id: string }[];
          expect(count.body, `how many wait for ${who.sub}`).toEqual({ count: todo.length, more: false });
          const listed = todo.some((one) => one.id === id);
          // A returned order waits for its applicant, who has nothing to decide.
          const decides = listed && !(returned && who.sub === userCode);
          expect(can.body.canAct, `${who.sub}: ${can.body.reason}`).toBe(decides);
          return listed ? [who.sub] : [];
        }),
      );
      return asked.flat();
    },
    operations: async () =>
      ((await app.as(root).get(`/orders/${id}/logs?limit=100`)).body.items as { operation: string }[]).map(
        (row) => row.operation,
      ),
  };
}

/** The people on a step as `code` of those whose turn it is, and `(code)` of the others. */
export const seated = (order: OrderShown, applyStep: number): string[] =>
  (order.steps[applyStep - 1]?.assignees ?? []).map(({ userCode, canDecide }) =>
    canDecide ? userCode : `(${userCode})`,
  );

const orderTables = [
  'order',
  'order_process',
  'order_assignee',
  'order_log',
  'order_cc',
  'delivery',
] as const;

/** How many rows the tables hold that an order could leave. */
export async function storedRows(app: TestApp): Promise<string[]> {
  const counts: string[] = [];
  for (const table of orderTables) {
    const [row] = await app.database.rows<{ n: number | string }>(
      `SELECT COUNT(*) AS n FROM dms_s_apply_${table}`,
    );
    counts.push(`${table} ${row?.n}`);
  }
  return counts;
}

/** Waits until the open steps have followed the directory. */
export const recounted = (app: TestApp): Promise<unknown> =>
  eventually(
    () =>
      app.database.rows(
        `SELECT id FROM dms_s_apply_delivery WHERE topic = 'order.recount' AND state IN ('pending', 'sending')`,
      ),
    (rows) => rows.length === 0,
  );

/** Expects of everything in the database that its logs tell it, and ends the service. */
export async function closeTold(app: TestApp): Promise<void> {
  try {
    await historiesOf(app.database);
  } finally {
    await app.close();
  }
}
