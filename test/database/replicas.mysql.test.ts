import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCommaColumnsAgree } from '../support/comma-columns.js';
import { freshDatabase, type FreshDatabase } from '../support/fresh-database.js';
import type { Answer } from '../support/harness.js';
import { openDatabase } from '../support/open-database.js';
import { historiesOf } from '../support/order-history.js';
import { attemptAll, expectOnePath, givenRacingFlow, openOrder, twentyAttempts } from '../support/racing.js';
import { type Service, startService } from '../support/service.js';
import { ann, boss, created, givenFlow } from '../support/world.js';

/** Two processes of the service on one MySQL database: nothing that keeps order may live in one of them. */
let fresh: FreshDatabase;
let services: Service[];
beforeAll(async () => {
  fresh = await freshDatabase();
  // Together, on an empty database.
  services = await Promise.all(
    [1, 2].map(() => startService(fresh.url, { DATABASE_ACQUIRE_TIMEOUT: '50s' })),
  );
  // `dist/` may have to be built first.
}, 180_000);
afterAll(async () => {
  await Promise.all(services.map((service) => service.kill()));
  await fresh.drop();
});

const service = (number: number) => services[number % services.length] as Service;

async function inDatabase<T>(
  look: (opened: Awaited<ReturnType<typeof openDatabase>>) => Promise<T>,
): Promise<T> {
  const opened = await openDatabase({ url: fresh.url });
  try {
    return await look(opened);
  } finally {
    await opened.close();
  }
}

describe('two processes', () => {
  it('both are ready', async () => {
    for (const { url } of services) expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });

  it('given attempts of many on the same orders, spread over both, then each order takes one path', async () => {
    const businessType = await givenRacingFlow(service(0));
    const attempted = [];
    for (let round = 0; round < 16; round += 4) {
      const four = await Promise.all([0, 1, 2, 3].map((n) => openOrder(service(n), businessType)));
      const raced = await Promise.all(
        four.map((orderId, n) => attemptAll(services, orderId, twentyAttempts(round + n))),
      );
      attempted.push(...raced.flat());
    }
    const histories = await inDatabase(({ database }) => historiesOf(database));
    expect(histories).toHaveLength(16);
    expectOnePath(attempted, histories);
  });

  it('given one Idempotency-Key sent to both at once, then there is one order', async () => {
    const { businessType } = await givenFlow(service(0), [{ users: ['bob'] }]);
    for (let round = 0; round < 10; round++) {
      const body = { businessType, businessKey: `once-${round}` };
      const answers: Answer[] = await Promise.all(
        [0, 1, 0, 1].map((n) =>
          service(n)
            .as(ann)
            .post('/orders', body, { 'idempotency-key': `key-${round}` }),
        ),
      );
      const opened = answers.filter((answer) => answer.status === 201);
      expect(opened.filter((answer) => !answer.headers.get('idempotent-replayed'))).toHaveLength(1);
      expect(new Set(opened.map((answer) => answer.body.id)).size).toBe(1);
      for (const answer of answers) expect([201, 409]).toContain(answer.status);
    }
  });

  it('given bindings and templates changed by both at once, then the columns agree', async () => {
    const types = ['replica-a', 'replica-b', 'replica-c'];
    for (const code of types) await created(service(0).as(boss), '/business-types', { code, name: code });
    const flows = await Promise.all([0, 1, 2].map((n) => givenFlow(service(n), [{ users: ['bob'] }])));
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => {
        const admin = service(n).as(boss);
        const templateId = flows[n % 3]?.templateId;
        if (n % 3 === 0) return admin.put(`/bindings/${types[n % 2]}`, { templateId });
        if (n % 3 === 1) return admin.delete(`/bindings/${types[n % 2]}`);
        const businessTypes = types.filter((_type, bit) => ((n * 5) >> bit) & 1);
        return admin.put(`/templates/${templateId}/business-types`, { businessTypes });
      }),
    );
    for (const answer of answers) expect([200, 204, 404, 409]).toContain(answer.status);
    await inDatabase(({ database }) => expectCommaColumnsAgree(database));
  });
});
