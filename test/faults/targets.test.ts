import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  dripping,
  endless,
  garbage,
  half,
  hugeHeaders,
  reset,
  unfinished,
} from '../support/broken-answers.js';
import {
  agree,
  answerStatus,
  type Behaviour,
  type BusinessModule,
  hold,
  startBusinessModule,
} from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import {
  attempted,
  called,
  type CallbackWorld,
  deliveryIn,
  executing,
  givenType,
  operationsOf,
  orderIn,
  orderOf,
  quiet,
  startCallbackWorld,
} from '../support/callbacks.js';
import { freshDatabase } from '../support/fresh-database.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { boss } from '../support/world.js';

// Targets that do everything but answer: the order stays where it is, the attempt says why, and when the target has
// recovered, the order goes its way.

/** The next attempt comes at once. */
const schedule = { CALLBACK_RETRY_SCHEDULE: Array.from({ length: 100 }, () => '20ms').join(',') };

let world: CallbackWorld;
let app: TestApp;
let module: BusinessModule;
beforeAll(async () => {
  world = await startCallbackWorld(schedule);
  ({ app, module } = world);
});
afterAll(() => world.close());

/** Every call that arrived is an attempt that was recorded, under one id: nothing was sent twice for one attempt. */
async function expectEveryCallRecorded(service: TestApp, id: string): Promise<void> {
  const calls = module.calls.filter((call) => call.ticket === id);
  const { id: delivery, attempts } = await attempted(service, id, 'execute', calls.length);
  expect(attempts.length).toBeGreaterThanOrEqual(calls.length);
  expect(new Set(calls.map((call) => call.id))).toEqual(new Set([delivery]));
  expect(new Set(calls.map((call) => call.path))).toEqual(new Set(['/execute']));
  const successes = attempts.filter(({ outcome }) => outcome === 'succeeded');
  expect(successes).toHaveLength(1);
  expect((await operationsOf(service, id)).slice(-3)).toEqual([
    'order.executing',
    'callback.execute.succeeded',
    'order.completed',
  ]);
}

/** Below those that systems give to whoever asks for any: nobody takes it while a module is away. */
const ownPort = 20_000 + (process.pid % 10_000);

const redirect = (status: number, location: string): Behaviour => answerStatus(status, { location });
const compressed: Behaviour = ({ ticket }, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
  response.end(gzipSync(JSON.stringify({ ticket_id: ticket, result: true })));
  return null;
};

describe('a target', () => {
  it.each<[string, Behaviour, RegExp]>([
    ['resets the connection', reset, /^The connection was closed before the answer was complete/],
    ['ends in the middle of its answer', half, /^The connection was closed before the answer was complete/],
    ['speaks another protocol', garbage, /^The answer is not valid HTTP/],
    ['sends headers without end', hugeHeaders, /^The headers of the answer are too large/],
    ['compresses what nobody asked to be compressed', compressed, /^the answer is not JSON$/],
    ['fails', answerStatus(500), /^the business module answered 500$/],
    ['knows nothing of it', answerStatus(404), /^the business module answered 404$/],
    ['redirects into the house', redirect(302, 'http://169.254.169.254/latest/meta-data/'), /answered 302$/],
    ['redirects to itself', redirect(307, '/execute'), /answered 307$/],
    ['redirects for ever', redirect(308, '//127.0.0.1/execute'), /answered 308$/],
  ])('that %s should leave the order executing until it works again', async (_, behaviour, why) => {
    // given a target that does so
    module.behave(behaviour);
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    const delivery = await attempted(app, id, 'execute', 2);
    // then it is tried again, and every attempt says why
    for (const attempt of delivery.attempts) {
      expect(attempt).toMatchObject({ outcome: 'failed', error: expect.stringMatching(why) as string });
    }
    expect(await orderOf(app, id)).toMatchObject({ applyStatus: 'executing', version: 1, error: null });
    // and when it works, the order is completed
    module.behave(agree);
    await orderIn(app, id, 'completed');
    await expectEveryCallRecorded(app, id);
  });

  it('that answers 64 MB should be left after the first of them', async () => {
    const sent: number[] = [];
    const megabyte = 1024 * 1024;
    module.behave(endless(64 * megabyte, (bytes) => sent.push(bytes)));
    const { code } = await givenType(app, { executeUrl: module.executeUrl });
    const id = await executing(app, code);
    const { attempts } = await attempted(app, id, 'execute');
    expect(attempts[0]).toMatchObject({ status: 200, error: 'the answer is longer than 64 KiB' });
    expect(attempts[0]?.answer?.length).toBeLessThanOrEqual(1_024);
    expect((await orderOf(app, id)).applyStatus).toBe('executing');
    module.behave(agree);
    await orderIn(app, id, 'completed');
    await expectEveryCallRecorded(app, id);
    // buffers on the way hold some of what nobody reads
    expect(Math.max(...sent)).toBeLessThan(32 * megabyte);
  });

  it('that is down should be tried until it is up', async () => {
    // given a module that is not there
    const gone = await startBusinessModule(agree, ownPort);
    await gone.close();
    const { code } = await givenType(app, { executeUrl: gone.executeUrl });
    const id = await executing(app, code);
    const { attempts } = await attempted(app, id, 'execute', 2);
    expect(attempts[0]).toMatchObject({ status: null, error: 'The connection was refused (ECONNREFUSED)' });
    expect((await orderOf(app, id)).applyStatus).toBe('executing');
    // when it comes back
    const back = await startBusinessModule(agree, ownPort);
    await orderIn(app, id, 'completed');
    expect(back.callsOf('execute', id)).toHaveLength(1);
    await back.close();
  });

  it.each([
    ['whose name does not resolve', 'http://countersign.invalid/execute', /^The host name does not resolve/],
    ['that is no TLS server', 'https', /^The TLS connection failed/],
  ])('%s should be called when its address is corrected', async (_, url, why) => {
    module.behave(agree);
    const executeUrl = url === 'https' ? module.executeUrl.replace('http:', 'https:') : url;
    const { code } = await givenType(app, { executeUrl });
    const id = await executing(app, code);
    const { attempts } = await attempted(app, id, 'execute');
    expect(attempts[0]).toMatchObject({ status: null, error: expect.stringMatching(why) as string });
    expect((await orderOf(app, id)).applyStatus).toBe('executing');
    await app.as(boss).patch(`/business-types/${code}`, { executeUrl: module.executeUrl });
    await orderIn(app, id, 'completed');
    expect(module.callsOf('execute', id)).toHaveLength(1);
  });

  it('should have an end for everybody after all of this', async () => {
    module.behave(agree);
    await quiet(app);
    const histories = await historiesOf(app.database);
    expect(histories.map(({ state }) => state.applyStatus)).toEqual(histories.map(() => 'completed'));
  });
});

describe('a target that is slower than CALLBACK_TIMEOUT', () => {
  let impatient: TestApp;
  beforeAll(async () => {
    impatient = await startApp({ env: { ...callbackSettings, ...schedule, CALLBACK_TIMEOUT: '400ms' } });
  });
  afterAll(() => impatient.close());

  it.each([
    ['says nothing', hold().behaviour],
    ['drips its answer', dripping],
    ['never ends its answer', unfinished],
  ])('since it %s should leave the order executing until it is quick again', async (_, behaviour) => {
    module.behave(behaviour);
    const { code } = await givenType(impatient, { executeUrl: module.executeUrl });
    const id = await executing(impatient, code);
    const { attempts } = await attempted(impatient, id, 'execute', 2);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ outcome: 'failed', error: 'No complete answer within 400 ms' });
      expect(attempt.durationMs).toBeGreaterThanOrEqual(399);
    }
    expect(await orderOf(impatient, id)).toMatchObject({ applyStatus: 'executing', version: 1, error: null });
    module.behave(agree);
    await orderIn(impatient, id, 'completed');
    await expectEveryCallRecorded(impatient, id);
  });
});

describe('a service that is started again', () => {
  it('should not call an address that is not allowed any more, until it is again', async () => {
    const fresh = await freshDatabase();
    const start = (env: object) =>
      startApp({ databaseUrl: fresh.url, env: { ...callbackSettings, ...schedule, ...env } });
    module.behave(answerStatus(500));
    // given an order whose execution is tried
    let service = await start({});
    const { code } = await givenType(service, { executeUrl: module.executeUrl });
    const id = await executing(service, code);
    await attempted(service, id, 'execute');
    await service.close();
    const calls = module.callsOf('execute', id).length;
    // when the operator takes the permission away
    module.behave(agree);
    service = await start({ CALLBACK_ALLOWED_HOSTS: '' });
    const barred = await attempted(service, id, 'execute', calls + 2);
    expect(barred.attempts.at(-1)).toMatchObject({
      status: null,
      outcome: 'failed',
      error: expect.stringContaining('only public addresses may be called') as string,
    });
    expect((await orderOf(service, id)).applyStatus).toBe('executing');
    await service.close();
    expect(module.callsOf('execute', id)).toHaveLength(calls);
    // then nothing has arrived, and with the permission the order goes its way
    service = await start({});
    await orderIn(service, id, 'completed');
    expect(module.callsOf('execute', id)).toHaveLength(calls + 1);
    await service.close();
    await fresh.drop();
  });

  it('should send again what it was sending, and not hold it against the target', async () => {
    const fresh = await freshDatabase();
    // given a schedule of one try, and a target that takes longer than a stopping service can wait
    const env = { ...callbackSettings, CALLBACK_RETRY_SCHEDULE: '1h' };
    const held = hold();
    module.behave(held.behaviour);
    let service = await startApp({ databaseUrl: fresh.url, env });
    const { code } = await givenType(service, { executeUrl: module.executeUrl });
    const id = await executing(service, code);
    await called(module, 'execute', id);
    await service.close();
    // when it is there again
    module.behave(agree);
    service = await startApp({ databaseUrl: fresh.url, env });
    await orderIn(service, id, 'completed');
    const delivery = await deliveryIn(service, id, 'execute', 'succeeded');
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['interrupted', 'succeeded']);
    expect(module.callsOf('execute', id).map((call) => call.id)).toEqual([delivery.id, delivery.id]);
    await service.close();
    held.release();
    await fresh.drop();
  });
});
