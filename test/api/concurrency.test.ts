import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectCommaColumnsAgree } from '../support/comma-columns.js';
import { type Answer, startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import {
  attemptAll,
  type Attempted,
  expectOnePath,
  givenRacingFlow,
  openOrder,
  twentyAttempts,
} from '../support/racing.js';
import { ann, bob, boss, carol, created, dave, givenFlow, root } from '../support/world.js';

/** What many do at the same moment: no error of the service's, one outcome, and a log that tells it. */
let app: TestApp;
beforeAll(async () => {
  // On a busy machine a request may wait for a connection; here that is no failure.
  app = await startApp({ env: { DATABASE_ACQUIRE_TIMEOUT: '50s' } });
});
afterAll(() => app.close());

const statuses = (answers: readonly Answer[]) => answers.map((answer) => answer.status).toSorted();

let made = 0;
const newType = async () => {
  const code = `race-${++made}`;
  await created(app.as(boss), '/business-types', { code, name: code });
  return code;
};
const newNode = async () =>
  String(
    (
      await created(app.as(boss), '/nodes', {
        templateNodeName: 'node',
        auditObjectType: 'user',
        auditObject: ['bob'],
      })
    ).id,
  );
const newTemplate = async (nodeId?: string) =>
  String(
    (
      await created(app.as(boss), '/templates', {
        templateName: 'template',
        stages: [{ nodeId: nodeId ?? (await newNode()) }],
      })
    ).id,
  );
const bind = (type: string, templateId: string) => app.as(boss).put(`/bindings/${type}`, { templateId });

describe('racing decisions', () => {
  it('given 40 orders with 20 attempts each at the same moment, then each order takes one path', async () => {
    const businessType = await givenRacingFlow(app);
    const attempted: Attempted[] = [];
    for (let round = 0; round < 40; round += 4) {
      const four = await Promise.all([0, 1, 2, 3].map(() => openOrder(app, businessType)));
      const raced = await Promise.all(
        four.map((orderId, n) => attemptAll([app], orderId, twentyAttempts(round + n))),
      );
      attempted.push(...raced.flat());
    }
    const histories = await historiesOf(app.database);
    expect(histories).toHaveLength(40);
    expectOnePath(attempted, histories);
    // the races were about something: orders ended in every way
    const ends = new Set(histories.map((history) => history.state.applyStatus));
    expect([...ends]).toEqual(expect.arrayContaining(['completed', 'rejected']));
  });

  it('given a double click, then the second one is told that it is decided', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['bob'] }]);
    for (let round = 0; round < 10; round++) {
      const id = await openOrder(app, businessType);
      const clicks = await Promise.all(
        [1, 2].map(() => app.as(bob).post(`/orders/${id}/approve`, { version: 1 })),
      );
      expect(statuses(clicks)).toEqual([200, 409]);
      expect((await app.as(ann).get(`/orders/${id}`)).body.version).toBe(2);
    }
  });

  it('given the last approval and the withdrawal at once, then one of them counts and the other one is told', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], {
      executeUrl: 'https://example.com/execute',
    });
    const ends = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const id = await openOrder(app, businessType);
      const answers = await Promise.all([
        app.as(bob).post(`/orders/${id}/approve`, {}),
        app.as(ann).post(`/orders/${id}/withdraw`, {}),
      ]);
      expect(statuses(answers)).toEqual([200, 409]);
      const { applyStatus } = (await app.as(ann).get(`/orders/${id}`)).body;
      ends.add(applyStatus);
      const deliveries = await app.database.rows(
        'SELECT topic FROM dms_s_apply_delivery WHERE apply_order_id = ?',
        [id],
      );
      expect(deliveries).toHaveLength(applyStatus === 'executing' ? 1 : 0);
    }
    for (const end of ends) expect(['executing', 'withdrawn']).toContain(end);
  });
});

describe('racing opens', () => {
  it('given that the binding changes meanwhile, then each order is a whole copy of one template', async () => {
    const type = await newType();
    const templates = await Promise.all(
      [1, 2, 3].map(async (stages) => {
        const nodes = await Promise.all(Array.from({ length: stages }, newNode));
        return created(app.as(boss), '/templates', {
          templateName: `of ${stages}`,
          stages: nodes.map((nodeId) => ({ nodeId })),
        });
      }),
    );
    await bind(type, String(templates[0]?.id));
    const opens = Array.from({ length: 60 }, (_, n) => {
      if (n % 6 === 5) return bind(type, String(templates[n % 3]?.id)).then(() => null);
      return app.as([ann, carol, dave][n % 3] ?? ann).post('/orders', { businessType: type });
    });
    for (const opened of await Promise.all(opens)) {
      if (opened === null) continue;
      expect(opened.status).toBe(201);
      expect(opened.body.templateName).toBe(`of ${opened.body.steps.length}`);
    }
    await historiesOf(app.database);
  });
});

describe('racing bindings', () => {
  it('given PUTs of one type to several templates, then one binding stands, and the columns agree', async () => {
    const type = await newType();
    const templates = await Promise.all([1, 2, 3, 4].map(() => newTemplate()));
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, n) =>
        n % 6 === 5 ? app.as(boss).delete(`/bindings/${type}`) : bind(type, templates[n % 4] ?? ''),
      ),
    );
    for (const answer of answers) expect([200, 204, 404]).toContain(answer.status);
    await expectCommaColumnsAgree(app.database);
  });

  it('given two-column PUTs that want the same types, then each type is bound once, and the columns agree', async () => {
    const types = await Promise.all([1, 2, 3, 4].map(newType));
    const templates = await Promise.all([1, 2, 3].map(() => newTemplate()));
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) => {
          const businessTypes = types.filter((_type, bit) => ((n * 5 + round * 3) >> bit) & 1);
          return app.as(boss).put(`/templates/${templates[n % 3]}/business-types`, { businessTypes });
        }),
      );
      for (const answer of answers) expect([200, 409]).toContain(answer.status);
      await expectCommaColumnsAgree(app.database);
    }
  });

  it('given the deletion of a template and its binding at once, then no binding leads nowhere', async () => {
    for (let round = 0; round < 15; round++) {
      const [type, templateId] = [await newType(), await newTemplate()];
      const [deleted, bound] = await Promise.all([
        app.as(boss).delete(`/templates/${templateId}`),
        bind(type, templateId),
      ]);
      expect([
        [204, 404],
        [409, 200],
      ]).toContainEqual([deleted.status, bound.status]);
    }
    await expectCommaColumnsAgree(app.database);
  });
});

describe('racing changes of nodes', () => {
  it('given the deletion of a node and a template of it at once, then no stage leads nowhere', async () => {
    const other = await newNode();
    for (let round = 0; round < 15; round++) {
      const nodeId = await newNode();
      const template = round % 2 === 0 ? null : await newTemplate(other);
      const stages = [{ nodeId: other }, { nodeId }];
      const [deleted, saved] = await Promise.all([
        app.as(boss).delete(`/nodes/${nodeId}`),
        template
          ? app.as(boss).patch(`/templates/${template}`, { stages })
          : app.as(boss).post('/templates', { templateName: 'racing', stages }),
      ]);
      expect([
        [204, 404],
        [409, template ? 200 : 201],
      ]).toContainEqual([deleted.status, saved.status]);
    }
    await expectCommaColumnsAgree(app.database);
  });

  it('given PATCHes of one node at once, then its list is the list of one of them', async () => {
    const nodeId = await newNode();
    const lists = Array.from({ length: 12 }, (_, n) =>
      Array.from({ length: n + 1 }, (_one, m) => `u${n}-${m}`),
    );
    const answers = await Promise.all(
      lists.map((auditObject) => app.as(boss).patch(`/nodes/${nodeId}`, { auditObject })),
    );
    expect(statuses(answers)).toEqual(lists.map(() => 200));
    expect(lists).toContainEqual((await app.as(boss).get(`/nodes/${nodeId}`)).body.auditObject);
    await expectCommaColumnsAgree(app.database);
  });

  it('given PATCHes of one template at once, then its stages are those of one of them', async () => {
    const nodes = await Promise.all([1, 2, 3].map(newNode));
    const templateId = await newTemplate(nodes[0]);
    const lists = Array.from({ length: 12 }, (_, n) =>
      Array.from({ length: n + 1 }, (_one, m) => nodes[(n + m) % 3] ?? ''),
    );
    const answers = await Promise.all(
      lists.map((ids) =>
        app.as(boss).patch(`/templates/${templateId}`, { stages: ids.map((nodeId) => ({ nodeId })) }),
      ),
    );
    expect(statuses(answers)).toEqual(lists.map(() => 200));
    const { stages } = (await app.as(boss).get(`/templates/${templateId}`)).body;
    expect(lists).toContainEqual(stages.map((stage: { nodeId: string }) => stage.nodeId));
    await expectCommaColumnsAgree(app.database);
  });
});

describe('racing requests with one Idempotency-Key', () => {
  const expectOnce = (answers: readonly Answer[], status: number): Answer => {
    const first = answers.filter((one) => one.status === status && !one.headers.get('idempotent-replayed'));
    expect(first).toHaveLength(1);
    for (const answer of answers) {
      if (answer.status === 409) expect(answer.body.code).toBe('request_in_flight');
      else expect([answer.status, answer.body]).toEqual([status, first[0]?.body]);
    }
    return first[0] as Answer;
  };

  it('given 20 opens at once, then there is one order, and each one gets it or is told to wait', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    for (let round = 0; round < 5; round++) {
      const headers = { 'idempotency-key': `open-${round}` };
      const businessKey = `once-${round}`;
      const open = () => app.as(ann).post('/orders', { businessType, businessKey }, headers);
      const first = expectOnce(await Promise.all(Array.from({ length: 20 }, open)), 201);
      const again = await open();
      expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([
        201,
        first.body,
        'true',
      ]);
      const orders = await app.as(ann).get(`/orders?businessKey=${businessKey}`);
      expect(orders.body.items.map((order: { id: string }) => order.id)).toEqual([first.body.id]);
    }
  });

  it('given 10 approvals at once by somebody who sits on all steps, then one step is approved', async () => {
    const { businessType } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['bob'] },
      { users: ['bob'] },
    ]);
    for (let round = 0; round < 5; round++) {
      const id = await openOrder(app, businessType);
      const headers = { 'idempotency-key': `approve-${round}` };
      const approve = () => app.as(bob).post(`/orders/${id}/approve`, {}, headers);
      expectOnce(await Promise.all(Array.from({ length: 10 }, approve)), 200);
      expect((await app.as(ann).get(`/orders/${id}`)).body.version).toBe(2);
    }
  });
});

describe('after all of these races', () => {
  it("every order's log replays to exactly its stored state", async () => {
    expect((await historiesOf(app.database)).length).toBeGreaterThan(100);
    expect((await app.as(root).get('/orders?scope=team&limit=1')).status).toBe(200);
  });
});
