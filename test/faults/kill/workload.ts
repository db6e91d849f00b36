import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import type { Answer, TestUser } from '../../support/harness.js';
import { ann, bob, boss, carol, givenFlow } from '../../support/world.js';
import type { Fleet } from './fleet.js';
import { fates, type Ledger } from './ledger.js';

/** Applicants, reviewers and an administrator at work. */
export interface Workload {
  /** Orders whose opening was acknowledged. */
  readonly acknowledged: readonly string[];
  /** Answers to decisions that nobody should get. */
  readonly errors: readonly string[];
  /** Until so many more orders have been opened. */
  goOn(more: number): Promise<void>;
  /** Opens no more orders, and waits until all of them, and all their deliveries, are settled. */
  finish(): Promise<void>;
}

/** Business types with every combination of callbacks, reviewed in two steps. @returns their codes */
export async function givenTypes(fleet: Fleet, ledger: Pick<Ledger, 'checkUrl' | 'executeUrl'>) {
  const service = await fleet.any();
  const { checkUrl, executeUrl } = ledger;
  const flow = async (urls: { checkUrl?: string; executeUrl?: string }) => {
    const stages = [{ users: ['bob', 'carol'] }, { users: ['bob', 'carol'], mode: 'all' as const }];
    return (await givenFlow(service, stages, urls)).businessType;
  };
  const checked = await flow({ checkUrl });
  const executed = await flow({ executeUrl });
  const both = await flow({ checkUrl, executeUrl });
  const later = await flow({ checkUrl, executeUrl });
  await service.as(boss).patch(`/business-types/${later}`, { callbackMode: 'async' });
  return { codes: [checked, executed, both, later], later };
}

export function startWorkload(fleet: Fleet, businessTypes: readonly string[]): Workload {
  const acknowledged: string[] = [];
  const errors: string[] = [];
  let made = 0;
  const now = { opening: true, settled: false };

  const get = async (who: TestUser, path: string): Promise<Listed[]> =>
    (await fleet.ask((service) => service.as(who).get(path))).body.items as Listed[];
  const note = ({ status, body }: Answer, allowed: readonly number[]): void => {
    if (!allowed.includes(status)) errors.push(`${status} ${JSON.stringify(body)}`);
  };

  const open = async (): Promise<void> => {
    while (now.opening) {
      const n = made++;
      const businessType = businessTypes[n % businessTypes.length];
      const order = { businessType, title: fates[n % fates.length], businessKey: `k-${n}` };
      const answer = await fleet.ask((service) => service.as(ann).post('/orders', order));
      note(answer, [201]);
      acknowledged.push(String(answer.body.id));
      await pause(Math.random() * 200);
    }
  };
  const review = async (who: TestUser): Promise<void> => {
    while (!now.settled) {
      for (const { id, title } of await get(who, '/orders?scope=todo&limit=50')) {
        if (title === 'withdraw') continue;
        const command = title === 'reject' ? 'reject' : 'approve';
        note(
          await fleet.ask((service) => service.as(who).post(`/orders/${id}/${command}`, {})),
          [200, 403, 409],
        );
      }
      await pause(50);
    }
  };
  const withdraw = async (): Promise<void> => {
    while (!now.settled) {
      for (const status of ['initiating', 'in_review']) {
        for (const { id, title } of await get(ann, `/orders?scope=mine&applyStatus=${status}&limit=50`)) {
          if (title !== 'withdraw' || Math.random() < 0.5) continue;
          note(await fleet.ask((service) => service.as(ann).post(`/orders/${id}/withdraw`, {})), [200, 409]);
        }
      }
      await pause(100);
    }
  };
  const opened = Promise.all([open(), open(), open()]);
  const others = Promise.all([review(bob), review(carol), withdraw()]);

  const isSettled = async (): Promise<boolean> => {
    const lists = [
      ...['initiating', 'in_review', 'executing'].map((status) => `/orders?scope=team&applyStatus=${status}`),
      ...['pending', 'sending', 'awaiting', 'failed'].map((state) => `/deliveries?state=${state}`),
    ];
    for (const list of lists) if ((await get(boss, `${list}&limit=1`)).length > 0) return false;
    return true;
  };
  return {
    acknowledged,
    errors,
    goOn: async (more) => {
      const enough = acknowledged.length + more;
      await eventually(
        () => acknowledged.length,
        (count) => count >= enough,
        120_000,
      );
    },
    finish: async () => {
      now.opening = false;
      await opened;
      // The deadline is only there to end what would never end; what is unfinished then is told as lost.
      for (const end = Date.now() + 120_000; Date.now() < end && !(await isSettled());) await pause(100);
      now.settled = true;
      await others;
    },
  };
}

interface Listed {
  readonly id: string;
  readonly title: string | null;
}
