import { expect } from 'vitest';
import type { BusinessModule } from './business-module.js';
import { eventually } from './eventually.js';
import type { Answer, TestApp } from './harness.js';
import { historiesOf } from './order-history.js';
import { attemptOutcomes, storedDelivery, type StoredDelivery } from './stored-deliveries.js';
import { ann, boss, created, givenFlow } from './world.js';

/** Orders of one business type whose module is asked before their only step: the one delivery that each has. */
export interface CheckedOrders {
  readonly businessType: string;
  /** Opens one, through another replica than the first if need be. @returns its id */
  open(replica?: TestApp): Promise<string>;
  openMany(count: number): Promise<string[]>;
  status(orderId: string): Promise<string>;
  /** Resolves when the check has been answered with yes. */
  inReview(orderId: string): Promise<void>;
  delivery(orderId: string): Promise<StoredDelivery>;
  /** Resolves with the delivery as soon as it will do. */
  until(orderId: string, willDo: (delivery: StoredDelivery) => boolean): Promise<StoredDelivery>;
  /** Answers by `POST /callbacks/check`. */
  answerLate(orderId: string, result: boolean): Promise<Answer>;
  /** Expects that the module was called once, and that the order has gone on once. @param outcomes of its attempts */
  expectOnce(orderId: string, outcomes?: readonly string[]): Promise<void>;
}

export async function givenCheckedOrders(app: TestApp, module: BusinessModule): Promise<CheckedOrders> {
  const { businessType } = await givenFlow(app, [{ users: ['bob'] }], { checkUrl: module.checkUrl });
  const open = async (replica = app): Promise<string> =>
    String((await created(replica.as(ann), '/orders', { businessType })).id);
  const status = async (orderId: string): Promise<string> =>
    String((await app.as(boss).get(`/orders/${orderId}`)).body.applyStatus);
  const delivery = (orderId: string) => storedDelivery(app.database, orderId);
  return {
    businessType,
    open,
    openMany: (count) => Promise.all(Array.from({ length: count }, () => open())),
    status,
    inReview: async (orderId) => {
      await eventually(
        () => status(orderId),
        (found) => found === 'in_review',
      );
    },
    delivery,
    until: (orderId, willDo) => eventually(() => delivery(orderId), willDo),
    answerLate: (orderId, result) => app.as(boss).post('/callbacks/check', { ticket_id: orderId, result }),
    expectOnce: async (orderId, outcomes = ['succeeded']) => {
      expect(module.callsOf('check', orderId)).toHaveLength(1);
      expect(await attemptOutcomes(app.database, orderId)).toEqual(outcomes);
      const history = (await historiesOf(app.database)).find(({ id }) => id === orderId);
      expect(history?.transitions.map(([first]) => first?.type)).toEqual([
        'order.opened',
        'callback.check.succeeded',
      ]);
    },
  };
}
