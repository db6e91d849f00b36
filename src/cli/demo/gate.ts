import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { DemoRun } from './run.js';
import type { Answer } from './target.js';

/** How long the demo waits until what was approved has been executed (milliseconds). */
const patience = 20_000;

/** Requirement 000: an HTTP request is held until it is approved, and then runs once. */
export async function gate(run: DemoRun): Promise<void> {
  run.title('The gate: a request to the user system waits for its approval (requirement 000)');
  const users = await UserSystem.start();
  try {
    await story(run, users);
  } finally {
    users.stop();
  }
}

async function story(run: DemoRun, users: UserSystem): Promise<void> {
  const { ann, bob, boss } = run.people;
  const key = `users${run.suffix}`;
  const made = await run.ask(boss, 'POST', '/gates', {
    key,
    name: '用户系统',
    adapter: 'proxy',
    upstream: users.url,
  });
  if (made.status === 400) {
    run.leaveOut('the service may not call this machine: start it with CALLBACK_ALLOWED_HOSTS=127.0.0.1.');
    return;
  }
  const { code: businessType } = await run.flow('修改用户审批', [['安全审批', bob]]);
  const action = { name: '修改用户', path: '/users/{id}', method: 'PUT', businessType };
  const { status } = await run.ask(boss, 'POST', '/approve-actions', action);
  run.tell(boss, 'makes a gate before the user system, and an approve action: PUT /users/{id}');
  run.check('the action is made', status === 201, `answered ${status}`);

  const path = `/gate/${key}/proxy/users/7`;
  const free = await run.ask(ann, 'GET', path);
  run.tell(ann, 'reads user 7 through the gate');
  run.check('what no action names passes', free.status === 200, `answered ${free.status}`);
  const change = (): Promise<Answer> => run.ask(ann, 'PUT', path, { name: '张三' });
  const held = await change();
  const { requestId, orderId } = held.body as { requestId: string; orderId: string };
  run.tell(ann, `changes user 7, and is answered ${held.status}`);
  run.check('nothing of it has reached the user system', users.changes === 0, `it has seen ${users.changes}`);
  const again = (await change()).body as { requestId: string };
  run.check('the same again is the same request', again.requestId === requestId, `not ${again.requestId}`);
  await run.decide(bob, orderId, '同意');
  const answer = await executed(change);
  run.check(
    `the service has sent it, and ann's repeat gets what was answered: ${JSON.stringify(answer.body)}`,
    answer.status === 200 && users.changes === 1,
    `answered ${answer.status}, sent ${users.changes} times`,
  );
  await run.ask(boss, 'DELETE', `/gates/${key}`);
}

async function executed(change: () => Promise<Answer>): Promise<Answer> {
  for (const end = Date.now() + patience; ; await pause(100)) {
    const answer = await change();
    if (answer.status !== 401 || Date.now() > end) return answer;
  }
}

/** The system behind the gate: it counts what is changed. */
class UserSystem {
  changes = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<UserSystem> {
    const server = createServer((request, response) => {
      if (request.method === 'PUT') system.changes += 1;
      request.resume();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ user: 7, changes: system.changes }));
    });
    const system = new UserSystem(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return system;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
