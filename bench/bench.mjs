// @ts-check
import { ensureBuilt, root } from '../scripts/build.mjs';
import { startDatabaseServer } from './database.mjs';
import { startService, startFloor, startLoad } from './servers.mjs';
import { buildWorld } from './world.mjs';
import { copyOrders, copyId, settle } from './orders.mjs';
import { interleaved, statementsPerOperation } from './measure.mjs';
const dialect = process.argv[2] ?? 'mysql', N = Number(process.argv[3] ?? 10000), seconds = Number(process.argv[4] ?? 2), rounds=Number(process.argv[5] ?? 3);
const only = (process.argv[6] ?? 'todo,open,decide').split(',');
const rootDir = process.env.SRC_ROOT ?? root;
if (!process.env.SRC_ROOT) ensureBuilt();
const server = await startDatabaseServer(dialect);
const load = startLoad();
const db = await server.database();
const service = await startService({ name: 'service', root: rootDir, databaseUrl: db.url, scratch: db.scratch });
const floor = await startFloor({ name: 'floor', databaseUrl: db.url, scratch: db.scratch });
try {
  console.log(await server.version());
  const world = await buildWorld(service.port);
  let t = Date.now();
  const seeds = world.flows.map((f) => f.seed);
  await copyOrders(db, [...seeds, world.groupFlow.seed], 0, N, 'listed');
  console.log('load', N, Date.now() - t); t = Date.now();
  await settle(db);
  console.log('settle', Date.now() - t);
  let next = N;
  const plans = {
    open: async () => ({ kind: 'open', tokens: world.applicants, businessTypes: world.flows.map((f) => f.businessType) }),
    todo: async () => ({ kind: 'todo', tokens: world.firstReviewers, cursors: [''] }),
    decide: async (n) => {
      const count = Math.ceil(n / 3) + 20;
      next = Math.ceil(next / seeds.length) * seeds.length;
      const from = next; next += count;
      await copyOrders(db, seeds, from, count, 'whole');
      return { kind: 'decide', orders: Array.from({ length: count }, (_, i) => copyId(from + i, seeds[(from + i) % seeds.length])), tokens: world.flows.map((f) => f.reviewers) };
    },
  };
  for (const op of only) {
    const targets = [floor, service].map((s) => ({ name: s.name, port: s.port, cpuSeconds: s.cpuSeconds, plan: plans[op] }));
    if (process.env.BOTH==='service') targets.shift();
    const f = await interleaved(load, targets, { rounds, seconds, connections: 16 });
    for (const [i, x] of f.entries()) console.log(op.padEnd(8), targets[i].name.padEnd(8), x.opsPerSecond.toFixed(0).padStart(7), 'p50', x.p50.toFixed(2), 'p99', x.p99.toFixed(2), 'cpu', x.cpu.toFixed(3), 'stmts', await statementsPerOperation(load, db, targets[i]));
    if (f[1]) console.log(op, 'ratio', (f[1].opsPerSecond / f[0].opsPerSecond).toFixed(2));
  }
} finally {
  await load.stop(); await service.stop(); await floor.stop(); 
  if (process.env.KEEP) console.log(db.scratch); else await db.drop(); await server.stop();
}
