import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agree, answerStatus, type BusinessModule, takeOver } from '../support/business-module.js';
import {
  type CallbackWorld,
  deliveryIn,
  executing,
  givenType,
  opened,
  orderIn,
  startCallbackWorld,
} from '../support/callbacks.js';
import { eventually } from '../support/eventually.js';
import type { TestApp } from '../support/harness.js';
import { ann, boss } from '../support/world.js';

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
let code: string;
beforeAll(async () => {
  world = await startCallbackWorld({ CALLBACK_RETRY_SCHEDULE: '50ms' });
  ({ app, module } = world);
  ({ code } = await givenType(app, { executeUrl: module.executeUrl }));
});
afterAll(() => world.close());

/** What Prometheus would read under a name with its labels; undefined when there is no such series. */
async function metric(series: string): Promise<number | undefined> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
const labels = (state: string, topic = 'order.execute') => `{topic="${topic}",state="${state}"}`;
const waiting = (state: string, topic?: string) => metric(`countersign_deliveries${labels(state, topic)}`);
const oldest = (state: string) => metric(`countersign_delivery_oldest_age_seconds${labels(state)}`);
const attempts = (outcome: string) =>
  metric(`countersign_delivery_attempt_duration_seconds_count{topic="order.execute",outcome="${outcome}"}`);
const parked = () => metric('countersign_deliveries_parked_total{topic="order.execute"}');

describe('the metrics of deliveries', () => {
  it('should count what waits and what is parked, as long as it is', async () => {
    expect([await waiting('failed'), await waiting('awaiting'), await parked()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    // given two executions that are parked, one that was taken over, and one check
    module.behave(answerStatus(500));
    const failing = [await executing(app, code), await executing(app, code)];
    const stuck = [];
    for (const id of failing) stuck.push(await deliveryIn(app, id, 'execute', 'failed'));
    module.behave(takeOver);
    const slow = await executing(app, code);
    await deliveryIn(app, slow, 'execute', 'awaiting');
    const { code: checked } = await givenType(app, { checkUrl: module.checkUrl });
    await deliveryIn(app, await opened(app, ann, checked), 'check', 'awaiting');
    // then they are counted by topic and state
    expect([
      await waiting('failed'),
      await waiting('awaiting'),
      await waiting('awaiting', 'order.check'),
    ]).toEqual([2, 1, 1]);
    await eventually(parked, (count) => count === 2);
    expect([await attempts('failed'), await attempts('accepted')]).toEqual([4, 1]);
    // and when they have gone their way, only what has happened is left
    module.behave(agree);
    for (const { id } of stuck) await app.as(boss).post(`/deliveries/${id}/redeliver`);
    await app.as(boss).post('/callbacks/execute', { ticket_id: slow, result: true });
    for (const id of [...failing, slow]) await orderIn(app, id, 'completed');
    expect([await waiting('failed'), await waiting('awaiting'), await oldest('failed')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([await parked(), await attempts('failed'), await attempts('succeeded')]).toEqual([2, 4, 2]);
  });

  it('should tell the age of the oldest', async () => {
    module.behave(takeOver);
    const first = (await deliveryIn(app, await executing(app, code), 'execute', 'awaiting')) as unknown as {
      createTime: string;
    };
    await deliveryIn(app, await executing(app, code), 'execute', 'awaiting');
    const age = () => (Date.now() - Date.parse(first.createTime)) / 1000;
    const atLeast = age();
    const told = await oldest('awaiting');
    expect(told).toBeGreaterThanOrEqual(atLeast);
    expect(told).toBeLessThanOrEqual(age());
  });
});
