import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Webhook } from 'standardwebhooks';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-example-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('docs/callbacks.md', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
  const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  /** The vector of Standard Webhooks. */
  const vector = {
    secrets: [secret],
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek' as string | null,
    timestamp: '1614265330' as string | null,
    signature: signature as string | null,
    body: '{"test": 2432232314}',
    now: 1_614_265_330,
  };
  const cases: readonly (typeof vector & { name: string; signed: boolean | 'refused' })[] = [
    { ...vector, name: 'the vector', signed: true },
    { ...vector, name: 'an altered body', body: '{"test": 2432232315}', signed: false },
    { ...vector, name: 'the same JSON, written otherwise', body: '{"test":2432232314}', signed: false },
    { ...vector, name: 'another id', id: 'msg_2', signed: false },
    { ...vector, name: 'another time', timestamp: '1614265331', signed: false },
    { ...vector, name: 'another secret', secrets: [other], signed: false },
    { ...vector, name: 'two secrets', secrets: [other, secret], signed: true },
    { ...vector, name: 'two signatures', signature: `v1,${'A'.repeat(43)}= ${signature}`, signed: true },
    {
      ...vector,
      name: 'a signature of another version',
      signature: signature.replace('v1', 'v2'),
      signed: false,
    },
    { ...vector, name: 'the beginning of the signature', signature: signature.slice(0, -2), signed: false },
    { ...vector, name: 'no text of a signature', signature: 'v1,ÿ€ , v1', signed: false },
    { ...vector, name: 'five minutes late', now: vector.now + 300, signed: true },
    { ...vector, name: 'later', now: vector.now + 301, signed: false },
    { ...vector, name: 'earlier than five minutes', now: vector.now - 301, signed: false },
    { ...vector, name: 'no number', timestamp: '1614265330.0', signed: false },
    { ...vector, name: 'a number that is none', timestamp: 'NaN', signed: false },
    { ...vector, name: 'no id', id: null, signed: false },
    { ...vector, name: 'no timestamp', timestamp: null, signed: false },
    { ...vector, name: 'no signature', signature: null, signed: false },
    { ...vector, name: 'an empty secret', secrets: [''], signed: 'refused' },
  ];
  const expected = cases.map(({ name, signed }) => [name, signed]);
  const named = (results: readonly unknown[]): unknown =>
    results.map((result, i) => [cases[i]?.name, result]);

  const page = (name: string): Promise<string> => readFile(join(root, 'docs', name), 'utf8');
  const codeOf = (text: string, language: string): string => {
    const found = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1];
    if (found === undefined) throw new Error(`the page holds no ${language}`);
    return found;
  };
  const code = async (language: string): Promise<string> => codeOf(await page('callbacks.md'), language);

  it.each(['typescript', 'java', 'python'])('holds the same %s in both languages', async (language) => {
    expect(codeOf(await page('callbacks.zh-CN.md'), language)).toBe(await code(language));
  });

  it('verifies in TypeScript, and compiles', async () => {
    const file = join(folder, 'signature.mts');
    await writeFile(file, await code('typescript'));
    const options: ts.CompilerOptions = {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      strict: true,
      noUncheckedIndexedAccess: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      skipLibCheck: true,
    };
    const program = ts.createProgram([file], options);
    const complaints = ts.getPreEmitDiagnostics(program);
    expect(complaints.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual(
      [],
    );
    program.emit();
    const { isSigned } = (await import(pathToFileURL(join(folder, 'signature.mjs')).href)) as {
      isSigned(this: void, secrets: string[], headers: object, body: Uint8Array, now: number): boolean;
    };
    const results = cases.map(({ secrets, id, timestamp, signature: signatures, body, now }) => {
      const given = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures };
      const headers = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
      try {
        return isSigned(secrets, headers, Buffer.from(body), now);
      } catch {
        return 'refused';
      }
    });
    expect(named(results)).toEqual(expected);
  });

  it('verifies in Python', async ({ skip }) => {
    skip(missing('python3'), 'python3 is not installed');
    await writeFile(join(folder, 'signature.py'), await code('python'));
    const program = `
import json, sys
from signature import is_signed
results = []
for case in json.load(sys.stdin):
    headers = {f"webhook-{name}": case[name] for name in ("id", "timestamp", "signature") if case[name] is not None}
    try:
        results.append(is_signed(case["secrets"], headers, case["body"].encode(), case["now"]))
    except ValueError:
        results.append("refused")
print(json.dumps(results))
`;
    const output = await outputOf('python3', ['-c', program], JSON.stringify(cases));
    expect(named(JSON.parse(output) as unknown[])).toEqual(expected);
  });

  it('verifies in Java', async ({ skip }) => {
    skip(missing('javac'), 'javac is not installed');
    const java = join(folder, 'java');
    await mkdir(java);
    await writeFile(join(java, 'CallbackSignature.java'), await code('java'));
    const program = `
      public class Run {
        static String text(String hex) {
          return hex.equals("-") ? null : new String(java.util.HexFormat.of().parseHex(hex), java.nio.charset.StandardCharsets.UTF_8);
        }
        public static void main(String[] lines) throws Exception {
          for (String line : lines) {
            String[] part = line.split(":");
            java.util.List<String> secrets = java.util.List.of(text(part[0]).split(","));
            byte[] body = text(part[4]).getBytes(java.nio.charset.StandardCharsets.UTF_8);
            try {
              System.out.println(CallbackSignature.matches(
                secrets, text(part[1]), text(part[2]), text(part[3]), body, Long.parseLong(part[5])));
            } catch (IllegalArgumentException refused) {
              System.out.println("refused");
            }
          }
        }
      }`;
    await writeFile(join(java, 'Run.java'), program);
    const hex = (text: string | null): string => (text === null ? '-' : Buffer.from(text).toString('hex'));
    const lines = cases.map(({ secrets, id, timestamp, signature: signatures, body, now }) =>
      [...[secrets.join(','), id, timestamp, signatures, body].map(hex), now].join(':'),
    );
    await outputOf('javac', [
      '-encoding',
      'UTF-8',
      '-Xlint:all',
      '-Werror',
      '-d',
      java,
      `${java}/CallbackSignature.java`,
      `${java}/Run.java`,
    ]);
    const output = await outputOf('java', ['-cp', java, 'Run', ...lines]);
    const results = output
      .trim()
      .split('\n')
      .map((line) => (line === 'refused' ? line : line === 'true'));
    expect(named(results)).toEqual(expected);
  });
});

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
    const module = new Module({
      COUNTERSIGN_URL: countersign.url,
      COUNTERSIGN_API_KEY: 'csk_test',
      CALLBACK_SECRET: secret,
      DATA_FILE: dataFile,
      PORT: '0',
      ...env,
    });
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
      const bare = new Module({ PORT: '99999', CALLBACK_SECRET: 'whsec_hidden' });
      modules.push(bare);
      expect(await bare.ended).toBe(1);
      for (const name of ['COUNTERSIGN_URL', 'COUNTERSIGN_API_KEY', 'CALLBACK_SECRET', 'PORT']) {
        expect(bare.output).toContain(name);
      }
      expect(bare.output).not.toContain('hidden');
    });
  });
});

interface Received {
  readonly call: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the module needs of Countersign: orders by idempotency key, their list, and late answers. */
class FakeCountersign {
  /** Idempotency key → the order's id. */
  readonly orders = new Map<string, string>();
  /** Given instead of the next answers. */
  readonly answers: { status: number; body?: object }[] = [];
  /** The order is stored, its answer not yet sent. */
  beforeOrderAnswer: ((orderId: string, body: Received['body']) => Promise<unknown>) | undefined;
  private readonly log: Received[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const call = `${request.method} ${request.url?.replace(/\?.*/, '')}`;
        const text = Buffer.concat(chunks).toString();
        const body = (text ? JSON.parse(text) : {}) as Received['body'];
        this.log.push({ call, headers: request.headers, body });
        void this.answer(call, request.headers, body).then(({ status, body: answer = {} }) =>
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
        );
      });
    });
  }

  static async start(): Promise<FakeCountersign> {
    const fake = new FakeCountersign();
    await new Promise<void>((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  received(call: string): Received[] {
    return this.log.filter((one) => one.call === call);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(call: string, headers: IncomingHttpHeaders, body: Received['body']) {
    const given = this.answers.shift();
    if (given) return given;
    if (call === 'GET /api/v1/orders') {
      return {
        status: 200,
        body: { items: [...this.orders.values()].map((id) => ({ id })), nextCursor: null },
      };
    }
    if (call !== 'POST /api/v1/orders') return { status: 200, body: {} };
    const key = String(headers['idempotency-key']);
    const id = this.orders.get(key) ?? `order-${this.orders.size + 1}`;
    this.orders.set(key, id);
    await this.beforeOrderAnswer?.(id, body);
    return { status: 201, body: { id, applyStatus: 'initiating' } };
  }
}

type Json = Record<string, unknown> & { id: string; orderId: string };

/** The example in a process of its own. */
class Module {
  output = '';
  readonly listens: Promise<string>;
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(env: Readonly<Record<string, string>>) {
    const { PATH, HOME } = process.env;
    this.child = spawn(process.execPath, [join(root, 'examples/data-export/server.mjs')], {
      env: { PATH, HOME, ...env },
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
    this.listens = this.writes(/data-export listens on (http:\S+)\n/);
    this.listens.catch(() => undefined);
  }

  async writes(pattern: RegExp): Promise<string> {
    let over = false;
    void this.ended.then(() => (over = true));
    return vi.waitUntil(
      () => {
        const found = pattern.exec(this.output);
        if (found || !over) return found?.[1] ?? found?.[0];
        throw new Error(`it ended before it wrote ${String(pattern)}: ${this.output}`);
      },
      { timeout: 20_000, interval: 20 },
    );
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch((await this.listens) + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text ? JSON.parse(text) : null) as Json,
    };
  }

  /** A callback about an export, as Countersign sends it; or with something else in it. */
  async callback(
    type: string,
    one: { readonly id: string; readonly orderId: string },
    other: { id?: string; data?: object; secret?: string; date?: Date; signature?: string } = {},
  ) {
    const data = {
      ticket_id: one.orderId,
      business_type: 'data_export',
      business_key: one.id,
      ...other.data,
    };
    const { status, body } = await this.signed(JSON.stringify({ type, timestamp: new Date(), data }), other);
    return { status, body };
  }

  signed(
    body: string,
    other: { id?: string; secret?: string; date?: Date; signature?: string } = {},
  ): ReturnType<Module['call']> {
    const {
      id = `msg_${Math.random()}`,
      date = new Date(),
      secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
    } = other;
    return this.call('POST', '/approvals/check', body, {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(date.getTime() / 1_000)),
      'webhook-signature': other.signature ?? new Webhook(secret).sign(id, date, body),
    });
  }
}

/** Until it holds, on a busy machine too. */
const eventually = (holds: () => unknown): Promise<unknown> => vi.waitFor(holds, { timeout: 20_000 });

function missing(program: string): boolean {
  return spawnSync(program, ['--version']).error !== undefined;
}

function outputOf(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { cwd: folder }, (error, output, errors) =>
      error ? reject(new Error(output + errors, { cause: error })) : resolve(output),
    );
    child.stdin?.end(input);
  });
}
