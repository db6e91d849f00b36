import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Module } from '../support/data-export-module.js';
import { FakeCountersign, type Received } from '../support/fake-countersign.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-example-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('examples/data-export', () => {
  const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
  let countersign: FakeCountersign;
  let modules: Module[];
  let dataFile: string;
  beforeEach(async () => {
    countersign = await FakeCountersign.start();
    modules = [];
    dataFile = join(await mkdtemp(join(folder, 'data-')), 'exports.json');
  });
  afterEach(async () => {
    for (const module of modules) await module.stop('SIGKILL');
    await countersign.stop();
  });

  const start = async (env: Readonly<Record<string, string>> = {}): Promise<Module> => {
    const module = new Module(
      {
        COUNTERSIGN_URL: countersign.url,
        COUNTERSIGN_API_KEY: 'csk_test',
        CALLBACK_SECRET: secret,
        DATA_FILE: dataFile,
        PORT: '0',
        ...env,
      },
      folder,
    );
    modules.push(module);
    await module.listens;
    return module;
  };
  const orders = { userCode: 'ann', dataset: 'orders_2026', rows: 12_800 };

  describe('an export', () => {
    it('is kept with its order, which holds only what conditions need', async () => {
      const module = await start();
      const { status, body: one } = await module.call('POST', '/exports', { ...orders, format: 'tsv' });
      expect(status).toBe(201);
      expect(one).toMatchObject({ ...orders, format: 'tsv', orderId: 'order-1', state: 'in_approval' });
      expect((await module.call('GET', `/exports/${one.id}`)).body).toEqual(one);
      expect((await module.call('GET', '/exports')).body).toEqual({ items: [one] });
      const [{ headers, body }] = countersign.received('POST /api/v1/orders') as [Received];
      expect(headers).toMatchObject({ 'x-api-key': 'csk_test', 'idempotency-key': one.id });
      const variables = { dataset: 'orders_2026', rows: 12_800 };
      expect(body).toMatchObject({
        businessType: 'data_export',
        businessKey: one.id,
        userCode: 'ann',
        variables,
      });
    });

    it('that Countersign refuses is refused, with its reason', async () => {
      const module = await start();
      countersign.answers.push({
        status: 422,
        body: { code: 'approver_not_found', detail: 'nobody reviews' },
      });
      const { status, body } = await module.call('POST', '/exports', orders);
      expect([status, body]).toEqual([
        422,
        expect.objectContaining({ state: 'refused', message: 'nobody reviews' }),
      ]);
    });

    it('that could not reach Countersign is opened later, once', async () => {
      const module = await start();
      countersign.answers.push({ status: 503 }, { status: 503 });
      const { status, body } = await module.call('POST', '/exports', orders);
      expect([status, body]).toEqual([202, expect.objectContaining({ state: 'opening', orderId: null })]);
      await eventually(async () =>
        expect((await module.call('GET', `/exports/${body.id}`)).body).toMatchObject({ orderId: 'order-1' }),
      );
      expect(countersign.orders.size).toBe(1);
    });

    it('whose module dies before it hears of the order finds that order again', async () => {
      const module = await start();
      // Given an order that is there, and an answer that never comes
      countersign.beforeOrderAnswer = () => module.stop('SIGKILL');
      await expect(module.call('POST', '/exports', orders)).rejects.toThrow();
      countersign.beforeOrderAnswer = undefined;
      const again = await start();
      await eventually(async () =>
        expect((await again.call('GET', '/exports')).body).toMatchObject({ items: [{ orderId: 'order-1' }] }),
      );
      expect(countersign.received('POST /api/v1/orders')).toHaveLength(1);
    });
  });

  describe('answers at once', () => {
    it('a check by the parameters that it keeps, whatever the callback says', async () => {
      const module = await start();
      const good = (await module.call('POST', '/exports', orders)).body;
      expect(await module.callback('order.check', good)).toEqual({
        status: 200,
        body: {
          ticket_id: good.orderId,
          result: true,
          msg: expect.stringContaining('orders_2026') as string,
        },
      });
      for (const wrong of [{ dataset: 'secret_salaries' }, { rows: 1_000_001 }]) {
        const bad = (await module.call('POST', '/exports', { ...orders, ...wrong })).body;
        const { body } = await module.callback('order.check', bad, { data: { variables: orders } });
        expect(body).toEqual({ ticket_id: bad.orderId, result: false, error: expect.any(String) as string });
        expect((await module.call('GET', `/exports/${bad.id}`)).body).toMatchObject({ state: 'refused' });
      }
    });

    it('an execution once for a ticket, and a repeated callback as before', async () => {
      const module = await start();
      const dataset = '=HYPERLINK("http://x","y")';
      const one = (await module.call('POST', '/exports', { ...orders, dataset, rows: 1 })).body;
      const first = await module.callback('order.execute', one, { id: 'msg_1' });
      expect(first).toMatchObject({ status: 200, body: { ticket_id: one.orderId, result: true } });
      const done = (await module.call('GET', `/exports/${one.id}`)).body;
      expect(done).toMatchObject({ state: 'done', file: join(dataFile, '..', 'exports', `${one.id}.csv`) });
      expect(await readFile(String(done.file), 'utf8')).toBe(
        'row,dataset,exported for\r\n1,"\'=HYPERLINK(""http://x"",""y"")",ann\r\n',
      );
      await rm(String(done.file));
      expect(await module.callback('order.execute', one, { id: 'msg_1' })).toEqual(first);
      expect(await module.callback('order.execute', one, { id: 'msg_2' })).toEqual(first);
      // A process later as well
      await module.stop('SIGKILL');
      const again = await start();
      expect(await again.callback('order.execute', one, { id: 'msg_1' })).toEqual(first);
      expect(await again.callback('order.execute', one, { id: 'msg_3' })).toEqual(first);
      expect(await readdir(join(dataFile, '..', 'exports'))).toEqual([]);
    });

    it('an execution that nobody checked with a judgement of its own', async () => {
      const module = await start();
      const bad = (await module.call('POST', '/exports', { ...orders, dataset: 'secret_salaries' })).body;
      expect((await module.callback('order.execute', bad)).body).toMatchObject({ result: false });
      expect(await readdir(join(dataFile, '..', 'exports'))).toEqual([]);
    });

    it('a check that comes before the order is known here', async () => {
      const module = await start();
      let early: unknown;
      countersign.beforeOrderAnswer = async (orderId, { businessKey }) => {
        early = await module.callback('order.check', { id: String(businessKey), orderId });
      };
      const { status, body } = await module.call('POST', '/exports', orders);
      expect(early).toMatchObject({ status: 200, body: { ticket_id: 'order-1', result: true } });
      expect([status, body]).toEqual([
        201,
        expect.objectContaining({ orderId: 'order-1', state: 'in_approval' }),
      ]);
    });

    it('a ticket that is not its own with a no, and a type that it does not know with nothing', async () => {
      const module = await start();
      const one = (await module.call('POST', '/exports', orders)).body;
      for (const foreign of [
        { ...one, orderId: 'order-9' },
        { ...one, id: 'EXP-1' },
      ]) {
        expect((await module.callback('order.execute', foreign)).body).toEqual({
          ticket_id: foreign.orderId,
          result: false,
          error: 'no export has this order',
        });
      }
      expect(await module.callback('ping', one)).toEqual({ status: 200, body: {} });
    });
  });

  describe('answers later', () => {
    it('with 202, and then until it is heard', async () => {
      const module = await start({ ANSWER: 'async' });
      const one = (await module.call('POST', '/exports', orders)).body;
      countersign.answers.push({ status: 503 });
      expect(await module.callback('order.check', one, { id: 'msg_1' })).toEqual({ status: 202, body: null });
      const check = { ticket_id: one.orderId, result: true, msg: expect.any(String) as string };
      await eventually(() => {
        const late = countersign.received('POST /api/v1/callbacks/check');
        expect(late.map(({ body }) => body)).toEqual([check, check]);
        expect(late[0]?.headers['x-api-key']).toBe('csk_test');
      });
      // What has been answered is repeated at once
      expect((await module.callback('order.check', one, { id: 'msg_1' })).body).toEqual(check);
      await module.callback('order.execute', one, { id: 'msg_2' });
      await eventually(() =>
        expect(countersign.received('POST /api/v1/callbacks/execute')[0]?.body).toMatchObject({
          result: true,
        }),
      );
      expect((await module.call('GET', `/exports/${one.id}`)).body).toMatchObject({ state: 'done' });
    });

    it('what it took over before it died, and nothing that was not wanted again', async () => {
      const module = await start({ ANSWER: 'async' });
      const one = (await module.call('POST', '/exports', orders)).body;
      countersign.answers.push({ status: 503 });
      await module.callback('order.execute', one);
      await eventually(() => expect(countersign.received('POST /api/v1/callbacks/execute')).toHaveLength(1));
      await module.stop('SIGKILL');
      countersign.answers.push({ status: 409, body: { code: 'already_decided', detail: 'answered before' } });
      const again = await start({ ANSWER: 'async' });
      await again.writes(/answered before/);
      await again.stop('SIGTERM');
      expect(JSON.parse(await readFile(dataFile, 'utf8'))).toMatchObject([{ owed: [] }]);
      expect(countersign.received('POST /api/v1/callbacks/execute')).toHaveLength(2);
    });
  });

  describe('refuses', () => {
    it('what is not signed, not signed by this secret, or too old', async () => {
      const newer = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
      const module = await start({ CALLBACK_SECRET: `${newer}, ${secret}` });
      const one = (await module.call('POST', '/exports', orders)).body;
      const off = (seconds: number): Date => new Date(Date.now() + seconds * 1_000);
      const stranger = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
      for (const wrong of [
        { secret: stranger },
        { date: off(-320) },
        { date: off(320) },
        { signature: '' },
      ]) {
        expect((await module.callback('order.execute', one, wrong)).status).toBe(401);
      }
      expect((await module.call('POST', '/approvals/execute', { type: 'order.execute' })).status).toBe(401);
      expect((await module.call('GET', `/exports/${one.id}`)).body).toMatchObject({ state: 'in_approval' });
      for (const right of [{ secret: newer }, { secret, date: off(-280) }]) {
        expect((await module.callback('order.check', one, right)).status).toBe(200);
      }
    });

    it('garbage, and goes on', async () => {
      const module = await start();
      for (const body of ['', '{', 'null', '[1]', '"order.check"', '{"type":"order.check","data":null}']) {
        const status = ['', '{', '{"type":"order.check","data":null}'].includes(body) ? 400 : 200;
        expect((await module.signed(body)).status, body).toBe(status);
      }
      const wrong = [
        null,
        [],
        7,
        {},
        { ...orders, rows: 0 },
        { ...orders, rows: '9' },
        { ...orders, rows: 1.5 },
      ];
      for (const body of [
        ...wrong,
        { ...orders, format: 'exe' },
        { ...orders, dataset: 'a\nb' },
        { ...orders, userCode: ' ' },
      ]) {
        expect((await module.call('POST', '/exports', body)).status, JSON.stringify(body)).toBe(400);
      }
      expect(
        (await module.call('POST', '/exports', { ...orders, dataset: 'x'.repeat(2_000_000) })).status,
      ).toBe(413);
      expect((await module.call('DELETE', '/exports')).headers.get('allow')).toBe('GET, POST');
      expect((await module.call('GET', '/approvals/check')).status).toBe(405);
      for (const path of ['/', '/exports/', '/exports/..%2f..', '/exports/__proto__', '//', '/constructor']) {
        expect((await module.call('GET', path)).status, path).toBe(404);
      }
      const { port } = new URL(await module.listens);
      await new Promise((resolve) =>
        connect(Number(port), '127.0.0.1').on('close', resolve).end('\0\u0001 garbage\r\n\r\n').resume(),
      );
      expect((await module.call('GET', '/exports')).body).toEqual({ items: [] });
    });

    it('to start without its settings, naming them and no value', async () => {
      const bare = new Module({ PORT: '99999', CALLBACK_SECRET: 'whsec_hidden' }, folder);
      modules.push(bare);
      expect(await bare.ended).toBe(1);
      for (const name of ['COUNTERSIGN_URL', 'COUNTERSIGN_API_KEY', 'CALLBACK_SECRET', 'PORT']) {
        expect(bare.output).toContain(name);
      }
      expect(bare.output).not.toContain('hidden');
    });
  });
});

/** Until it holds, on a busy machine too. */
const eventually = (holds: () => unknown): Promise<unknown> => vi.waitFor(holds, { timeout: 20_000 });
