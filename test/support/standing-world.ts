import { expect } from 'vitest';
import { OrderTimersService } from '../../src/orders/order-timers.service.js';
import { type Acting, crew, givenCrew, recounted } from './acting.js';
import { inHours } from './delegations.js';
import type { Answer, TestApp } from './harness.js';
import type { HeldTime } from './held-time.js';
import { directoryOf } from './resolver-people.js';
import { anyStage, codes, oneOf, some } from './walks.js';
import { boss, root, type StageGiven } from './world.js';

const groups = ['standers', 'sitters'];
/** Each has a leader above; gus has none. */
const departments: Readonly<Record<string, string>> = {
  ann: 'floor',
  bob: 'floor',
  carol: 'floor',
  dave: 'office',
};

/** Given the crew in departments with leaders, and a calendar with a break a day and a day off a week. */
export async function givenStandingCrew(app: TestApp): Promise<void> {
  const given = directoryOf(app.as(root));
  await givenCrew(app);
  await given.department('house', { leader: 'gus' });
  await given.department('office', { parent: 'house', leader: 'fay' });
  await given.department('floor', { parent: 'office', leader: 'dave' });
  const weekly = Object.fromEntries(
    ['mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((day) => [
      day,
      [
        ['00:00', '12:00'],
        ['13:00', '24:00'],
      ],
    ]),
  );
  const calendar = { name: 'Shifts', timeZone: 'Asia/Shanghai', weekly };
  expect((await app.as(boss).put('/calendars/shifts', calendar)).status).toBe(200);
}

/** Given groups and departments as every walk begins with them. */
export async function givenPlaces(app: TestApp): Promise<void> {
  const given = directoryOf(app.as(root));
  await given.group('standers', ['bob', 'carol', 'dave']);
  await given.group('sitters', ['dave', 'fay']);
  for (const [code, department] of Object.entries(departments)) await given.user(code, { department });
}

export type Chance = () => number;

const anyTiming = (chance: Chance): Readonly<Record<string, unknown>> => ({
  due: oneOf(chance, ['1h', '2h', '3h']),
  ...(chance() < 0.3 ? { calendar: 'shifts' } : {}),
  ...(chance() < 0.5 ? { remindBefore: some(chance, ['30m', '50m']) } : {}),
  ...(chance() < 0.5 ? { remindAfter: some(chance, ['1h', '90m']) } : {}),
  then: oneOf(chance, [
    'remind',
    'remind',
    'escalate',
    'escalate',
    'escalate',
    'auto_approve',
    'auto_reject',
  ]),
  levels: 1 + Math.floor(chance() * 3),
  every: oneOf(chance, ['40m', '1h']),
});

/** Any stage over the crew, mostly one that is due some time. */
export const anyTimedStage = (chance: Chance): StageGiven => {
  const stage = anyStage(chance, groups);
  const whenNobody = oneOf(chance, ['admin', 'admin', 'skip']);
  const timed = { ...stage, node: { ...stage.node, whenNobody } };
  return chance() < 0.8 ? { ...timed, timing: anyTiming(chance) } : timed;
};

/** What happens around an order: time passes, people stand in for each other, come and go, and its template changes. */
export class World {
  /** How many delegations there were, and how many moves. */
  readonly figures = { delegated: 0, moved: 0 };
  private readonly delegations: string[] = [];
  private readonly inactive = new Set<string>();

  constructor(
    private readonly app: TestApp,
    private readonly time: HeldTime,
    private readonly chance: Chance,
    private readonly flow: {
      readonly businessType: string;
      readonly templateId: string;
      readonly nodeIds: readonly string[];
    },
  ) {}

  /** @returns what happened, to be told */
  async turns(order: Acting): Promise<string> {
    const happen = oneOf(this.chance, [
      () => this.timePasses(order),
      () => this.timePasses(order),
      () => this.timePasses(order),
      () => this.timePasses(order),
      () => this.delegates(),
      () => this.delegates(),
      () => this.revokes(),
      () => this.groupChanges(),
      () => this.comesOrGoes(),
      () => this.templateChanges(order),
    ]);
    const told = await happen();
    await recounted(this.app);
    return told;
  }

  /** Nobody stands in for anybody any more, and all are there. */
  async calm(): Promise<void> {
    while (this.delegations.length > 0) await this.revokes();
    for (const code of this.inactive) await this.there(code, true);
    await recounted(this.app);
  }

  async delegates(): Promise<string> {
    const { chance } = this;
    const [who, to] = [oneOf(chance, crew), oneOf(chance, codes)];
    const body = {
      toUserCode: to,
      endsAt: inHours(24),
      ...(chance() < 0.5 ? { businessTypes: [this.flow.businessType] } : {}),
      ...(chance() < 0.3 ? { condition: 'amount > 10' } : {}),
      redelegate: chance() < 0.5,
    };
    const answer = await this.app.as(who).post('/delegations', body);
    const told = `${who.sub} delegates to ${to}: ${answer.status} ${answer.body.code ?? ''}`;
    expectAnswer(answer, 201, 400, 409);
    if (answer.status !== 201) return told;
    this.figures.delegated++;
    this.delegations.push(String(answer.body.id));
    return told;
  }

  private async revokes(): Promise<string> {
    const id = oneOf(this.chance, this.delegations);
    if (id === undefined) return 'nothing is revoked';
    this.delegations.splice(this.delegations.indexOf(id), 1);
    expectAnswer(await this.app.as(boss).delete(`/delegations/${id}`), 204);
    return 'a delegation is revoked';
  }

  /** Has time do everything that is due, at once: the worker that looks once a second finds nothing left. */
  private async overtaken(orderId: string): Promise<void> {
    while (await this.app.get(OrderTimersService).fire(orderId));
  }

  private get given() {
    return directoryOf(this.app.as(root));
  }

  private async timePasses({ id }: Acting): Promise<string> {
    const length = oneOf(this.chance, ['20m', '40m', '1h', '1h', '2h']);
    this.time.pass(length);
    await this.overtaken(id);
    return `${length} pass`;
  }

  private async groupChanges(): Promise<string> {
    const [group, members] = [oneOf(this.chance, groups), some(this.chance, codes)];
    await this.given.group(group, members);
    return `${group} are ${members.join()}`;
  }

  private async comesOrGoes(): Promise<string> {
    const code = oneOf(this.chance, codes.slice(1));
    const active = this.inactive.has(code);
    await this.there(code, active);
    return `${code} is ${active ? 'active' : 'inactive'}`;
  }

  private async there(code: string, active: boolean): Promise<void> {
    const department = departments[code];
    await this.given.user(code, { active, ...(department ? { department } : {}) });
    if (active) this.inactive.delete(code);
    else this.inactive.add(code);
  }

  private async templateChanges({ id }: Acting): Promise<string> {
    const { chance, flow } = this;
    const stages = flow.nodeIds
      .filter(() => chance() < 0.8)
      .map((nodeId) => ({ nodeId, ...(chance() < 0.7 ? { timing: anyTiming(chance) } : {}) }));
    if (stages.length === 0) return 'the template stays';
    const admin = this.app.as(boss);
    expectAnswer(await admin.patch(`/templates/${flow.templateId}`, { stages }), 200);
    const moves = { orderIds: [id], dryRun: false };
    const moved = await admin.post(`/templates/${flow.templateId}/move-orders`, moves);
    expectAnswer(moved, 200);
    const [{ outcome, reason }] = moved.body.items;
    expectMoved(moved);
    if (outcome === 'moves') this.figures.moved++;
    await this.overtaken(id);
    return `the template changes to ${JSON.stringify(stages)}, and the order ${outcome} ${reason}`;
  }
}

function expectAnswer({ status, body }: Answer, ...allowed: readonly number[]): void {
  expect(allowed, JSON.stringify(body)).toContain(status);
}

/** Expects that no order was in the way by itself: a conflict is an outcome, an error is not. */
function expectMoved({ body }: Answer): void {
  expect(body.summary.failed, JSON.stringify(body)).toBe(0);
}
