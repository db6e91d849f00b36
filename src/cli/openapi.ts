import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createApp } from '../app.js';
import { parseConfig } from '../config/config.js';
import { doorPaths } from '../gate/doors/door.docs.js';
import { describeApi } from '../http/documentation.js';

const usage = 'Usage: npm run openapi [-- <file>|-]    (docs/openapi.json by default; - is standard output)';

/** Writes the OpenAPI document of the code as it is; nothing of the environment goes into it. */
async function main(): Promise<void> {
  const [target = join('docs', 'openapi.json'), ...more] = process.argv.slice(2);
  if (more.length > 0) throw new Error(usage);
  const text = `${JSON.stringify(await describe(), null, 2)}\n`;
  if (target === '-') {
    process.stdout.write(text);
    return;
  }
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text);
}

/** The document of the whole application, built on a database that is thrown away. */
async function describe(): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-openapi-'));
  try {
    const app = await createApp(
      parseConfig({
        NODE_ENV: 'test',
        DATA_DIR: folder,
        AUTH_JWT_SECRET: 'signs nothing',
        LOG_LEVEL: 'silent',
      }),
    );
    try {
      return describeApi(app, doorPaths);
    } finally {
      await app.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String((error as Error)?.stack ?? error)}\n`);
  process.exit(1);
});
