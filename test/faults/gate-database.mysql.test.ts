import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callbackSettings } from '../support/callback-settings.js';
import { eventually } from '../support/eventually.js';
import { type FreshDatabase, freshMysqlDatabase } from '../support/fresh-database.js';
import { heldBy, inState, through } from '../support/gate-visits.js';
import { givenAction, givenGate } from '../support/gates.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type MortalMysql, startMortalMysql } from '../support/mortal-mysql.js';
import { signal } from '../support/signal.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { ann, bob, boss, givenFlow } from '../support/world.js';

describe('a database that crashes while a held request is executed', () => {
  let server: MortalMysql;
  let fresh: FreshDatabase;
  let app: TestApp;
  let upstream: Upstream;
  const log: string[] = [];
  beforeAll(async () => {
    server = await startMortalMysql();
    fresh = await freshMysqlDatabase(server.url);
    upstream = await startUpstream();
    app = await startApp({
      databaseUrl: fresh.url,
      env: { ...callbackSettings, DATABASE_ACQUIRE_TIMEOUT: '1s' },
      onLog: (line) => log.push(line),
    });
  }, 180_000);
  afterAll(async () => {
    await app.close();
    await upstream.close();
    await fresh.drop();
    await server.stop();
  });

  it('given an answer that comes while it is away, then it is kept, and nothing is sent twice', async () => {
    // given a request that must not be sent again, and is being executed
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const { key } = await givenGate(app.as(boss), { upstream: upstream.url });
    await givenAction(app.as(boss), { path: '/entries/{name}', businessType });
    const { requestId, orderId } = await heldBy(
      await through(app, key, ann, '/entries/1', { method: 'POST', body: 'x' }),
    );
    const back = signal();
    upstream.answer(async () => {
      await back.happened;
      return { status: 201, body: 'made' };
    });
    await app.as(bob).post(`/orders/${orderId}/approve`, {});
    await eventually(
      () => upstream.seen.length,
      (count) => count === 1,
    );
    // when the database crashes, and the answer comes
    await server.crash();
    back.give();
    await eventually(
      () => log.filter((line) => /outcome could not be recorded|an attempt broke off/.test(line)).length,
      (count) => count > 0,
    );
    await server.recover();
    // then it is kept
    expect(await inState(app, ann, requestId, 'executed', 'unknown')).toMatchObject({
      status: 'executed',
      responseStatus: 201,
    });
    const repeat = await through(app, key, ann, '/entries/1', { method: 'POST', body: 'x' });
    expect([repeat.status, await repeat.text()]).toEqual([201, 'made']);
    expect(upstream.seen).toHaveLength(1);
  }, 180_000);
});
