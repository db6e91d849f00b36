import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OrderTimersService } from '../../src/orders/order-timers.service.js';
import { type Acting, actingOn, closeTold, givenCrew, openActing } from '../support/acting.js';
import { inHours } from '../support/delegations.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type HeldTime, holdTime } from '../support/held-time.js';
import type { OrderHistory } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { expectSound } from '../support/standing.js';
import { ann, bob, boss, carol, created, givenFlow, root } from '../support/world.js';

/** Time, people who stand in and moves to another version, at the same moment, through two replicas. */
const env = { DATABASE_ACQUIRE_TIMEOUT: '50s' };
const rounds = Number(process.env.RACE_ROUNDS ?? 6);
let app: TestApp;
let replicas: TestApp[];
let time: HeldTime;
beforeAll(async () => {
  app = await startApp({ env });
  replicas = [app, await startApp({ env, databaseUrl: app.databaseUrl })];
  await givenCrew(app);
  const given = directoryOf(app.as(root));
  await given.department('house', { leader: 'gus' });
  await given.department('floor', { parent: 'house', leader: 'fay' });
  await given.user('bob', { department: 'floor' });
});
afterAll(async () => {
  await replicas[1]?.close();
  await closeTold(app);
});
beforeEach(() => {
  time = holdTime(...replicas);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const on = (n: number): TestApp => replicas[n % replicas.length] as TestApp;
const each = Array.from({ length: rounds }, (_, n) => n);

/** Both replicas look, each more than once. @returns how many timers they fired */
const looked = async (id: string): Promise<number> => {
  const fired = await Promise.all([0, 1, 0, 1].map((n) => on(n).get(OrderTimersService).fire(id)));
  return fired.filter(Boolean).length;
};

const eventsOf = ({ transitions }: OrderHistory) => transitions.flat();
const countOf = (history: OrderHistory, type: string): number =>
  eventsOf(history).filter((event) => event.type === type).length;

describe('a command at the moment at which its step is due', () => {
  const commands = {
    approve: {},
    reject: {},
    return: { toStep: 0 },
    transfer: { toUserCode: 'carol' },
    delegate: { toUserCode: 'carol' },
    'add-sign': { userCodes: ['carol'], position: 'before' },
    withdraw: {},
  } as const;
  const thens = ['remind', 'escalate', 'auto_approve', 'auto_reject'] as const;

  it.each(thens)(
    'given %s, then each order takes one path, and its timer fires once or never',
    async (then) => {
      const { businessType } = await givenFlow(app, [
        { users: ['bob'], timing: { due: '1h', then } },
        { users: ['dave'] },
      ]);
      const names = Object.keys(commands) as (keyof typeof commands)[];
      const orders = await Promise.all(names.map(() => openActing(app, businessType)));
      time.pass('1h');

      const raced = await Promise.all(
        orders.map(async ({ id }, n) => {
          const command = names[n] as keyof typeof commands;
          const who = command === 'withdraw' ? ann : bob;
          const [, answer] = await Promise.all([
            looked(id),
            on(n).as(who).post(`/orders/${id}/${command}`, commands[command]),
          ]);
          return { command, answer };
        }),
      );

      for (const [n, order] of orders.entries()) {
        const { command, answer } = raced[n] as (typeof raced)[number];
        const told = `${command}: ${answer.status} ${JSON.stringify(answer.body)}`;
        // Time that decides may have been there first; else nobody is in the way of a reviewer.
        const late = then.startsWith('auto_') ? [403, 409] : [];
        expect([200, ...late], told).toContain(answer.status);
        await looked(order.id);
        const history = await expectSound(app, order);
        // The opening, the command if it was carried out, and time's transition if there was one.
        const byTime = eventsOf(history).filter((event) => 'timers' in event).length;
        expect(byTime, told).toBeLessThan(2);
        expect(history.transitions.length, told).toBe(1 + Number(answer.status === 200) + byTime);
        if (answer.status !== 200) expect(countOf(history, 'step.timed_out'), told).toBe(1);
      }
    },
  );
});

describe('a delegation that begins while a step opens', () => {
  const delegates = (n: number, businessType: string) =>
    on(n)
      .as(bob)
      .post('/delegations', { toUserCode: 'carol', endsAt: inHours(24), businessTypes: [businessType] });

  /** Whose place it is, in which capacity: what the order shows is what its log tells. */
  const expectOneOf = async (order: Acting, applyStep: number): Promise<string> => {
    const history = await expectSound(app, order);
    const [turn, ...others] = await order.turns();
    expect(others).toEqual([]);
    const stoodIn = countOf(history, 'step.stood_in');
    expect([stoodIn, turn]).toEqual(stoodIn === 1 ? [1, 'carol'] : [0, 'bob']);
    const shown = (await order.order()).steps[applyStep - 1]?.assignees.filter(({ canDecide }) => canDecide);
    expect(shown?.map(({ userCode, onBehalfOf }) => [userCode, onBehalfOf])).toEqual([
      stoodIn === 1 ? ['carol', 'bob'] : ['bob', null],
    ]);
    return String(turn);
  };

  it('given that orders open, then either of both is asked, and decides', async () => {
    for (const n of each) {
      const { businessType } = await givenFlow(app, [{ users: ['bob'], mode: n % 2 === 0 ? 'all' : 'any' }]);
      const [opened, given] = await Promise.all([
        Promise.all([0, 1, 0, 1].map((place) => openActing(on(place + n), businessType))),
        delegates(n + 1, businessType),
      ]);
      expect(given.status).toBe(201);
      for (const { id } of opened) {
        const order = actingOn(app, id);
        const turn = await expectOneOf(order, 1);
        expect((await order.does(turn === 'bob' ? bob : carol, 'approve')).applyStatus).toBe('completed');
      }
    }
  });

  it('given that a decision opens the next step, then either of both is asked, and decides', async () => {
    for (const n of each) {
      const { businessType } = await givenFlow(app, [{ users: ['dave'] }, { users: ['bob'] }]);
      const orders = await Promise.all([0, 1].map(() => openActing(app, businessType)));
      const dave = { sub: 'dave', acc_code: 't1' };
      const [given, ...decided] = await Promise.all([
        delegates(n + 1, businessType),
        ...orders.map(({ id }, place) =>
          on(place + n)
            .as(dave)
            .post(`/orders/${id}/approve`, {}),
        ),
      ]);
      expect([given.status, ...decided.map(({ status }) => status)]).toEqual([201, 200, 200]);
      for (const order of orders) {
        const turn = await expectOneOf(order, 2);
        expect((await order.does(turn === 'bob' ? bob : carol, 'approve')).applyStatus).toBe('completed');
      }
    }
  });
});

describe('a move to another version while a timer fires', () => {
  it.each(['remind', 'escalate', 'auto_approve', 'auto_reject'])(
    'given %s, then each order has one path, and its timers are those of its step as it is then',
    async (then) => {
      const timing = { due: '1h', then, remindAfter: ['1h'] };
      const { businessType, templateId, nodeIds } = await givenFlow(app, [
        { users: ['bob'], timing },
        { users: ['dave'], timing: { due: '2h' } },
      ]);
      const node = await created(app.as(boss), '/nodes', {
        templateNodeName: 'more',
        auditObjectType: 'user',
        auditObject: ['carol'],
      });
      const orders = await Promise.all(each.map(() => openActing(app, businessType)));
      const stages = [
        { nodeId: node.id },
        { nodeId: nodeIds[0], timing: { ...timing, due: '90m' } },
        { nodeId: nodeIds[1], timing: { due: '3h' } },
      ];
      expect((await app.as(boss).patch(`/templates/${templateId}`, { stages })).status).toBe(200);
      time.pass('1h');

      const moves = await Promise.all(
        orders.map(async ({ id }, n) => {
          const [move] = await Promise.all([
            on(n)
              .as(boss)
              .post(`/templates/${templateId}/move-orders`, { orderIds: [id], dryRun: false }),
            looked(id),
          ]);
          return move;
        }),
      );

      for (const [n, order] of orders.entries()) {
        const { status, body } = moves[n] as (typeof moves)[number];
        const told = JSON.stringify(body);
        expect(status, told).toBe(200);
        const [{ outcome, reason }] = body.items;
        expect(['moves ', 'stays ended'], told).toContain(`${outcome} ${reason}`);
        const history = await expectSound(app, order);
        expect(countOf(history, 'order.moved'), told).toBe(outcome === 'moves' ? 1 : 0);
      }
      time.pass('3h');
      // Nothing is left that a worker could do while an order is looked at.
      for (const { id } of orders) {
        await looked(id);
        while ((await looked(id)) > 0);
      }
      for (const order of orders) await expectSound(app, order);
    },
  );
});
