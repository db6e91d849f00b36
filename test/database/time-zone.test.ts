import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import { openDatabase } from '../support/open-database.js';
import { type Service, startService } from '../support/service.js';
import { ann, bob, boss, created } from '../support/world.js';

/** Times are UTC in the columns and in the answers, wherever the service runs. */
const zones = ['Asia/Shanghai', 'America/St_Johns'];

/** Two processes start, and `dist/` may have to be built first. */
const TIMEOUT = { timeout: 180_000 };

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.drop());

/** What is made with entities (a node) and what is made with SQL (an order and its log), as a service answers it. */
async function timesOf(service: Service, nodeId: string, orderId: string): Promise<Record<string, string>> {
  const node = (await service.as(boss).get(`/nodes/${nodeId}`)).body;
  const order = (await service.as(ann).get(`/orders/${orderId}`)).body;
  const [opened] = (await service.as(ann).get(`/orders/${orderId}/logs`)).body.items;
  const [listed] = (await service.as(ann).get('/orders?scope=mine')).body.items;
  return {
    node: node.createTime,
    order: order.createTime,
    step: order.steps[0].createTime,
    decision: order.steps[0].assignees[0].decidedAt,
    log: opened.operationTime,
    list: listed.createTime,
  };
}

describe('a service in another time zone', () => {
  it(
    'given a row made in one zone, then it is read in every zone as the moment when it was made, in UTC',
    TIMEOUT,
    async () => {
      // given a service in China
      const first = await startService(fresh.url, { TZ: zones[0] as string });
      const before = Math.floor(Date.now() / 1_000) * 1_000;
      const node = await created(first.as(boss), '/nodes', {
        templateNodeName: 'node',
        auditObjectType: 'user',
        auditObject: ['bob'],
      });
      const template = await created(first.as(boss), '/templates', {
        templateName: 'template',
        stages: [{ nodeId: node.id }],
      });
      await created(first.as(boss), '/business-types', { code: 'zone', name: 'Zone' });
      await first.as(boss).put('/bindings/zone', { templateId: template.id });
      const order = await created(first.as(ann), '/orders', { businessType: 'zone' });
      expect((await first.as(bob).post(`/orders/${String(order.id)}/approve`, {})).status).toBe(200);
      const after = Date.now();
      // then its answers are in UTC and of this moment
      const times = await timesOf(first, String(node.id), String(order.id));
      expect([node.createTime, order.createTime]).toEqual([times.node, times.order]);
      for (const [what, time] of Object.entries(times)) {
        expect(time, what).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
        expect(Date.parse(time), what).toBeGreaterThanOrEqual(before);
        expect(Date.parse(time), what).toBeLessThanOrEqual(after);
      }
      await first.kill();
      // and the columns hold that very UTC time, for tools that read them
      const opened = await openDatabase({ url: fresh.url });
      const text = opened.database.dialect === 'mysql' ? 'CHAR' : 'TEXT';
      const [row] = await opened.database.rows<{ of_node: string; of_order: string }>(
        `SELECT CAST(n.create_time AS ${text}) AS of_node, CAST(o.create_time AS ${text}) AS of_order
         FROM dms_s_apply_template_process_node n, dms_s_apply_order o WHERE n.id = ? AND o.id = ?`,
        [String(node.id), String(order.id)],
      );
      await opened.close();
      const column = (iso: string | undefined) => iso?.slice(0, 19).replace('T', ' ');
      expect(row?.of_node.slice(0, 19)).toBe(column(times.node));
      expect(row?.of_order.slice(0, 19)).toBe(column(times.order));
      // and a service elsewhere answers the same
      const second = await startService(fresh.url, { TZ: zones[1] as string });
      expect(await timesOf(second, String(node.id), String(order.id))).toEqual(times);
      await second.kill();
    },
  );
});
