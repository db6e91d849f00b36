import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenCrew, openActing } from '../support/acting.js';
import { testDialect } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { bob, boss, carol, created, givenFlow } from '../support/world.js';

/** A move and a decision at the same moment: whoever comes second is judged by what is there then. */
const env = { DATABASE_ACQUIRE_TIMEOUT: '50s' };
let app: TestApp;
const services: TestApp[] = [];
beforeAll(async () => {
  app = await startApp({ env });
  services.push(app);
  if (testDialect === 'mysql') services.push(await startApp({ env, databaseUrl: app.databaseUrl }));
  await givenCrew(app);
});
afterAll(async () => {
  for (const service of services.toReversed()) await service.close();
});

const on = (n: number): TestApp => services[n % services.length] as TestApp;

describe('a move at the same moment as others', () => {
  it('given decisions, then none is lost, and every order is at the new version or has ended before', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['bob', 'carol'], mode: 'all' },
    ]);
    const orders = await Promise.all(Array.from({ length: 8 }, () => openActing(app, businessType)));
    const node = await created(app.as(boss), '/nodes', {
      templateNodeName: 'x',
      auditObjectType: 'user',
      auditObject: ['dave'],
    });
    const stages = [node.id, nodeIds[0], nodeIds[1]].map((nodeId) => ({ nodeId }));
    await app.as(boss).patch(`/templates/${templateId}`, { stages });
    const orderIds = orders.map(({ id }) => id);
    const where = `/templates/${templateId}/move-orders`;
    const [moves, again, ...decisions] = await Promise.all([
      on(0).as(boss).post(where, { orderIds, dryRun: false }),
      on(1).as(boss).post(where, { orderIds: orderIds.toReversed(), dryRun: false }),
      ...orders.map((order, n) => on(n).as(bob).post(`/orders/${order.id}/approve`, {})),
    ]);
    expect([moves.status, again.status]).toEqual([200, 200]);
    for (const { status, body } of decisions) expect(status, JSON.stringify(body)).toBe(200);
    const told = [...moves.body.items, ...again.body.items] as {
      orderId: string;
      outcome: string;
      reason: string;
    }[];
    for (const { id } of orders) {
      const both = told.filter(({ orderId }) => orderId === id).map(({ outcome }) => outcome);
      expect(both.toSorted(), id).toEqual(['moves', 'stays']);
    }
    for (const { state, transitions } of await historiesOf(app.database)) {
      expect(state.steps.map((step) => step.nodeName)).toContain('x');
      expect(transitions.flat().filter((event) => event.type === 'order.moved')).toHaveLength(1);
      expect(state.steps[0]?.auditStatus).toBe('approved');
    }
  });

  it('given a vote on a step that was to be asked anew, then either it is asked anew or the move conflicts', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [
      { users: ['bob', 'carol'], mode: 'all' },
      { users: ['dave'] },
    ]);
    const orders = await Promise.all(Array.from({ length: 6 }, () => openActing(app, businessType)));
    await app.as(boss).patch(`/nodes/${nodeIds[0]}`, { auditObject: ['carol', 'dave'] });
    const raced = await Promise.all(
      orders.map(async ({ id }, n) => {
        const [move, vote] = await Promise.all([
          on(n)
            .as(boss)
            .post(`/templates/${templateId}/move-orders`, { orderIds: [id], dryRun: false }),
          on(n + 1)
            .as(bob)
            .post(`/orders/${id}/approve`, {}),
        ]);
        return {
          id,
          outcome: move.body.items[0].outcome,
          reason: move.body.items[0].reason,
          vote: vote.status,
        };
      }),
    );
    for (const { outcome, reason, vote } of raced) {
      expect([`moves  403`, `conflict votes_cast 200`]).toContain(`${outcome} ${reason} ${vote}`);
    }
    const histories = new Map((await historiesOf(app.database)).map((history) => [history.id, history]));
    for (const { id, outcome } of raced) {
      const people = histories.get(id)?.state.steps[0]?.people;
      expect(people).toEqual(outcome === 'moves' ? ['carol', 'dave'] : ['bob', 'carol']);
    }
    expect(carol.sub).toBe('carol');
  });
});
