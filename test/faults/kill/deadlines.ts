import { setTimeout as pause } from 'node:timers/promises';
import { givenPeople } from '../../support/delegations.js';
import type { OrderHistory } from '../../support/order-history.js';
import { ann, boss, givenFlow, root, type StageGiven } from '../../support/world.js';
import type { Fleet } from './fleet.js';

/** Orders that nobody decides: time alone has something to do to them. */
export interface Deadline {
  readonly stages: readonly StageGiven[];
  /** The timers that have to have fired, each once, as `step name`. */
  readonly timers: readonly string[];
  /** Where the order is after all of them. */
  readonly applyStatus: string;
  readonly path: readonly string[];
  /** The leaders who were asked besides. */
  readonly escalated?: readonly string[];
}

const waits = { applyStatus: 'in_review', path: ['in_review'] } as const;

/** One of every kind; bob's leader is lea, whose leader is liz. */
export const deadlines: readonly Deadline[] = [
  {
    ...waits,
    stages: [{ users: ['bob'], timing: { due: '2s', remindBefore: ['1s'], remindAfter: ['1s', '2s'] } }],
    timers: ['1 after:1', '1 after:2', '1 before:1', '1 due'],
  },
  {
    ...waits,
    stages: [
      {
        users: ['bob'],
        timing: { due: '1s', then: 'escalate', levels: 2, every: '2s', remindAfter: ['1s'] },
      },
    ],
    timers: ['1 after:1', '1 due', '1 level:2'],
    escalated: ['lea', 'liz'],
  },
  {
    stages: [{ users: ['bob'], timing: { due: '3s', then: 'auto_approve', remindBefore: ['2s', '1s'] } }],
    timers: ['1 before:1', '1 before:2', '1 due'],
    applyStatus: 'completed',
    path: ['auto_approved'],
  },
  {
    stages: [{ users: ['bob'], timing: { due: '2s', then: 'auto_reject' } }, { users: ['carol'] }],
    timers: ['1 due'],
    applyStatus: 'rejected',
    path: ['rejected', 'cancelled'],
  },
  {
    stages: [
      { users: ['bob'], timing: { due: '1s', then: 'auto_approve' } },
      { users: ['carol'], timing: { due: '1s', then: 'auto_approve' } },
      { users: ['bob', 'carol'], mode: 'all', timing: { due: '1s', then: 'auto_reject' } },
    ],
    timers: ['1 due', '2 due', '3 due'],
    applyStatus: 'rejected',
    path: ['auto_approved', 'auto_approved', 'rejected'],
  },
];

/** Given a flow for each of them. @returns their business types, in the same sequence */
export async function givenDeadlines(fleet: Fleet): Promise<string[]> {
  const service = await fleet.any();
  await givenPeople(service, ['ann', 'carol', 'lea', 'liz']);
  const put = async (path: string, body: object): Promise<void> => {
    const { status } = await service.as(root).put(`/directory/${path}`, { accCode: 't1', ...body });
    if (status !== 200) throw new Error(`${path}: ${status}`);
  };
  await put('departments/house', { name: 'House', leader: 'liz' });
  await put('departments/floor', { name: 'Floor', parent: 'house', leader: 'lea' });
  await put('users/bob', { name: 'Bob', department: 'floor' });
  const businessTypes: string[] = [];
  for (const { stages } of deadlines) businessTypes.push((await givenFlow(service, stages)).businessType);
  return businessTypes;
}

/** How many orders are being opened at once. */
const openers = 3;

/** Applicants who go on opening orders of all kinds, whatever happens to the processes. */
export class Opening {
  /** The orders whose opening was acknowledged. */
  readonly acknowledged: string[] = [];
  private going = true;
  private made = 0;
  private readonly ended: Promise<unknown>;

  constructor(fleet: Fleet, businessTypes: readonly string[]) {
    this.ended = Promise.all(Array.from({ length: openers }, () => this.run(fleet, businessTypes)));
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.ended;
  }

  /** One whose process dies before it answers may have been opened, and another one is opened then. */
  private async run(fleet: Fleet, businessTypes: readonly string[]): Promise<void> {
    while (this.going) {
      const n = this.made++;
      const order = { businessType: businessTypes[n % businessTypes.length], businessKey: `d-${n}` };
      const { status, body } = await fleet.ask((service) => service.as(ann).post('/orders', order));
      if (status !== 201) throw new Error(`opening: ${status} ${JSON.stringify(body)}`);
      this.acknowledged.push(String(body.id));
      await pause(Math.random() * 150);
    }
  }
}

/** What is listed of an order. */
interface Listed {
  readonly id: string;
  readonly businessType: string;
}

/** Until time has done everything to all orders. The deadline is only there to end what would never end. */
export async function allFired(fleet: Fleet, businessTypes: readonly string[]): Promise<void> {
  const done = new Set<string>();
  const isDone = async ({ id, businessType }: Listed): Promise<boolean> => {
    if (done.has(id)) return true;
    const deadline = deadlines[businessTypes.indexOf(businessType)];
    if (deadline?.applyStatus !== 'in_review') return false;
    const { body } = await fleet.ask((service) => service.as(root).get(`/orders/${id}/logs?limit=100`));
    const rows = body.items as { data: { timers?: string[] } }[];
    if (rows.flatMap(({ data }) => data.timers ?? []).length < deadline.timers.length) return false;
    done.add(id);
    return true;
  };
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(200)) {
    let open = false;
    for (let cursor = ''; !open;) {
      const { body } = await fleet.ask((service) =>
        service.as(boss).get(`/orders?scope=team&applyStatus=in_review&limit=100${cursor}`),
      );
      for (const order of body.items as Listed[]) open = !(await isDone(order)) || open;
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    if (!open) return;
  }
}

/** What is wrong with an order of this kind, in words; nothing when the list is empty. */
export function wrongWith(history: OrderHistory, deadline: Deadline): string[] {
  const { id, state, transitions } = history;
  const events = transitions.flat();
  const fired = events.flatMap((event) =>
    'timers' in event ? event.timers.map((name) => `${event.applyStep} ${name}`) : [],
  );
  const escalated = events.flatMap((event) => (event.type === 'step.escalated' ? event.userCodes : []));
  const found = {
    timers: fired.toSorted(),
    applyStatus: state.applyStatus,
    path: state.steps.map(({ auditStatus }) => auditStatus),
    escalated: escalated.toSorted(),
  };
  const { timers, applyStatus, path, escalated: leaders = [] } = deadline;
  const wanted = { timers, applyStatus, path, escalated: leaders };
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  return is === should ? [] : [`order ${id} is ${is}, and should be ${should}`];
}
