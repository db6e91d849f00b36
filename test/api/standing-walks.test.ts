import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OrderTimersService } from '../../src/orders/order-timers.service.js';
import { type Acting, closeTold, crew, givenCrew, openActing, recounted } from '../support/acting.js';
import { inHours } from '../support/delegations.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type HeldTime, holdTime } from '../support/held-time.js';
import { directoryOf } from '../support/resolver-people.js';
import { expectSound } from '../support/standing.js';
import { anyCommand, anyStage, chanceOf, codes, oneOf, some } from '../support/walks.js';
import { boss, givenFlow, root, type StageGiven } from '../support/world.js';

/**
 * Orders on which people do anything in any sequence while time passes, people stand in for each other, leave groups and
 * become inactive, and templates change: after everything that happens, lists, log, timers and explanations agree.
 */
const walks = Number(process.env.WALK_SEEDS ?? 10);
const from = Number(process.env.WALK_FROM ?? 1);
const commandsOfOne = 12;

const groups = ['standers', 'sitters'];
/** Each has a leader above; gus has none. */
const departments: Readonly<Record<string, string>> = {
  ann: 'floor',
  bob: 'floor',
  carol: 'floor',
  dave: 'office',
};
const figures = { commands: 0, done: 0, delegated: 0, stoodIn: 0, fired: 0, moved: 0, checks: 0 };

let app: TestApp;
let time: HeldTime;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
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
});
afterAll(async () => {
  console.log(`standing walks: seeds ${from} to ${from + walks - 1}, ${JSON.stringify(figures)}`);
  await closeTold(app);
});
beforeEach(() => {
  time = holdTime(app);
});
afterEach(() => {
  vi.restoreAllMocks();
});

type Chance = () => number;

const anyTiming = (chance: Chance): object => ({
  due: oneOf(chance, ['1h', '2h', '150m']),
  ...(chance() < 0.3 ? { calendar: 'shifts' } : {}),
  ...(chance() < 0.5 ? { remindBefore: some(chance, ['30m', '50m']) } : {}),
  ...(chance() < 0.5 ? { remindAfter: some(chance, ['1h', '90m']) } : {}),
  then: oneOf(chance, ['remind', 'remind', 'escalate', 'escalate', 'auto_approve', 'auto_reject']),
  levels: 1 + Math.floor(chance() * 3),
  every: oneOf(chance, ['40m', '1h']),
});

const anyTimedStage = (chance: Chance): StageGiven => {
  const stage = anyStage(chance, groups);
  const whenNobody = oneOf(chance, ['admin', 'admin', 'skip']);
  const timed = { ...stage, node: { ...stage.node, whenNobody } };
  return chance() < 0.7 ? { ...timed, timing: anyTiming(chance) } : timed;
};

/** Has time do everything that is due, at once: the worker that looks once a second finds nothing left. */
async function overtaken(orderId: string): Promise<void> {
  while (await app.get(OrderTimersService).fire(orderId)) figures.fired++;
}

/** What happens around an order. */
class World {
  private readonly delegations: string[] = [];
  readonly inactive = new Set<string>();

  constructor(
    private readonly chance: Chance,
    private readonly flow: {
      readonly businessType: string;
      readonly templateId: string;
      readonly nodeIds: readonly string[];
    },
    private readonly order: Acting,
  ) {}

  /** @returns what happened, to be told */
  async turns(): Promise<string> {
    const happen = oneOf(this.chance, [
      () => this.timePasses(),
      () => this.timePasses(),
      () => this.delegates(),
      () => this.delegates(),
      () => this.revokes(),
      () => this.groupChanges(),
      () => this.comesOrGoes(),
      () => this.templateChanges(),
    ]);
    const told = await happen();
    await recounted(app);
    return told;
  }

  /** Nobody stands in for anybody any more, and all are there. */
  async calm(): Promise<void> {
    while (this.delegations.length > 0) await this.revokes();
    for (const code of this.inactive) await this.there(code, true);
    await recounted(app);
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
    const answer = await app.as(who).post('/delegations', body);
    const told = `${who.sub} delegates to ${to}: ${answer.status} ${answer.body.code ?? ''}`;
    expect([201, 400, 409], `${told} ${JSON.stringify(answer.body)}`).toContain(answer.status);
    if (answer.status !== 201) return told;
    figures.delegated++;
    this.delegations.push(String(answer.body.id));
    return told;
  }

  private async revokes(): Promise<string> {
    const id = oneOf(this.chance, this.delegations);
    if (id === undefined) return 'nothing is revoked';
    this.delegations.splice(this.delegations.indexOf(id), 1);
    const { status } = await app.as(boss).delete(`/delegations/${id}`);
    expect(status).toBe(204);
    return `a delegation is revoked`;
  }

  private async timePasses(): Promise<string> {
    const length = oneOf(this.chance, ['20m', '40m', '1h', '1h', '3h']);
    time.pass(length);
    await overtaken(this.order.id);
    return `${length} pass`;
  }

  private async groupChanges(): Promise<string> {
    const [group, members] = [oneOf(this.chance, groups), some(this.chance, codes)];
    await given.group(group, members);
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
    await given.user(code, { active, ...(department ? { department } : {}) });
    if (active) this.inactive.delete(code);
    else this.inactive.add(code);
  }

  private async templateChanges(): Promise<string> {
    const { chance, flow } = this;
    const stages = flow.nodeIds
      .filter(() => chance() < 0.8)
      .map((nodeId) => ({ nodeId, ...(chance() < 0.7 ? { timing: anyTiming(chance) } : {}) }));
    if (stages.length === 0) return 'the template stays';
    const patched = await app.as(boss).patch(`/templates/${flow.templateId}`, { stages });
    expect(patched.status, JSON.stringify(patched.body)).toBe(200);
    const { status, body } = await app
      .as(boss)
      .post(`/templates/${flow.templateId}/move-orders`, { orderIds: [this.order.id], dryRun: false });
    expect(status, JSON.stringify(body)).toBe(200);
    const [{ outcome, reason, problem }] = body.items;
    expect(problem, JSON.stringify(body)).toBeNull();
    if (outcome === 'moves') figures.moved++;
    await overtaken(this.order.id);
    return `the template changes to ${JSON.stringify(stages)}, and the order ${outcome} ${reason}`;
  }
}

async function walk(chance: Chance, walked: unknown[]): Promise<void> {
  await given.group('standers', ['bob', 'carol', 'dave']);
  await given.group('sitters', ['dave', 'fay']);
  for (const [code, department] of Object.entries(departments)) await given.user(code, { department });
  const stages = Array.from({ length: 2 + Math.floor(chance() * 2) }, () => anyTimedStage(chance));
  const distinct = chance() < 0.35;
  const options = {
    autoApprove: oneOf(chance, ['never', 'never', 'applicant_nodes', 'through_applicant_node']),
    ...(distinct
      ? { distinctApprovers: true }
      : { dedupe: oneOf(chance, ['none', 'consecutive', 'all'] as const) }),
  };
  walked.push({ stages, options });
  const flow = await givenFlow(app, stages, options);
  const order = await openActing(app, flow.businessType, { variables: { amount: chance() < 0.5 ? 5 : 20 } });
  const world = new World(chance, flow, order);
  const checked = async (): Promise<string[]> => {
    figures.checks++;
    const turns = await order.turns();
    await expectSound(app, order);
    return turns;
  };
  try {
    for (let last = 'bob', commands = 0; commands < commandsOfOne;) {
      if (chance() < 0.5) {
        walked.push(await world.turns());
        await checked();
        continue;
      }
      const turns = await order.turns();
      if (['completed', 'withdrawn'].includes((await order.order()).applyStatus)) break;
      const step = await anyCommand(chance, order, turns, last);
      walked.push(step);
      commands++;
      figures.commands++;
      if (step.status === 200) {
        last = step.who;
        figures.done++;
      }
      await checked();
    }
    const { transitions } = await expectSound(app, order);
    figures.stoodIn += transitions.flat().filter((event) => event.type === 'step.stood_in').length;
  } finally {
    // What is still open would be under the eyes of the next walk.
    await app.as(root).post(`/orders/${order.id}/withdraw`, {});
    await world.calm();
  }
  await expectSound(app, order);
}

describe('a walk on which people stand in and time passes', () => {
  it.each(Array.from({ length: walks }, (_, n) => n + from))('of seed %i', async (seed) => {
    const walked: unknown[] = [];
    try {
      await walk(chanceOf(seed), walked);
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(walked)}`, { cause: error });
    }
  });
});
