import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

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
