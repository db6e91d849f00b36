import { expect } from 'vitest';
import type { Answer, TestUser } from './harness.js';
import type { OrderHistory } from './order-history.js';
import { votersOf, winnersOf } from './order-history.js';
import { ann, bob, carol, created, dave, givenFlow, root, type Speaks } from './world.js';

/** What somebody does to an order at the same moment as others. */
export interface Attempt {
  readonly who: TestUser;
  readonly command: 'approve' | 'reject' | 'withdraw';
}

export interface Attempted extends Attempt {
  readonly orderId: string;
  readonly answer: Answer;
}

/** Given a flow with every kind of step: any of two, all of two, and any of a group. @returns its business type */
export async function givenRacingFlow(app: Speaks): Promise<string> {
  const group = await app
    .as(root)
    .put('/directory/groups/racers', { name: 'Racers', members: ['carol', 'dave'] });
  if (group.status >= 300) throw new Error(`group: ${JSON.stringify(group.body)}`);
  const { businessType } = await givenFlow(app, [
    { users: ['bob', 'carol'] },
    { users: ['bob', 'dave'], mode: 'all' },
    { groups: ['racers'] },
  ]);
  return businessType;
}

export const openOrder = async (app: Speaks, businessType: string): Promise<string> =>
  String((await created(app.as(ann), '/orders', { businessType })).id);

/** Twenty attempts: several reviewers, each more than once, in changing order; sometimes the applicant withdraws. */
export function twentyAttempts(round: number): Attempt[] {
  const reviewers = [bob, carol, dave, root];
  const attempts = Array.from({ length: 20 }, (_, n): Attempt => {
    if (n === 19 && round % 3 === 0) return { who: ann, command: 'withdraw' };
    const who = reviewers[(n + round) % reviewers.length] as TestUser;
    return { who, command: n % 10 === 9 && round % 2 === 0 ? 'reject' : 'approve' };
  });
  // Turned, so that it is not always the same one who comes first.
  return [...attempts.slice(round % 20), ...attempts.slice(0, round % 20)];
}

/** All attempts at once, spread over the services in turn. */
export const attemptAll = (
  services: readonly Speaks[],
  orderId: string,
  attempts: readonly Attempt[],
): Promise<Attempted[]> =>
  Promise.all(
    attempts.map(async ({ who, command }, n) => {
      const service = services[n % services.length] as Speaks;
      return {
        who,
        command,
        orderId,
        answer: await service.as(who).post(`/orders/${orderId}/${command}`, {}),
      };
    }),
  );

/**
 * Expects that nobody was answered with an error of the service's, that every acknowledged command is one transition
 * of its order's log and nothing else is, and that each step has at most one who closed it.
 */
export function expectOnePath(attempted: readonly Attempted[], histories: readonly OrderHistory[]): void {
  const refusals = new Set(['forbidden', 'already_decided', 'order_closed', 'not_in_review']);
  for (const { who, command, answer } of attempted) {
    if (answer.status === 200) continue;
    const told = `${command} of ${who.sub}: ${JSON.stringify(answer.body)}`;
    expect([403, 409], told).toContain(answer.status);
    expect(refusals.has(answer.body.code as string), told).toBe(true);
  }
  for (const history of histories) {
    const acknowledged = attempted.filter(
      ({ orderId, answer }) => orderId === history.id && answer.status === 200,
    );
    // Each acknowledged command has its own version, and all versions after the opening are acknowledged.
    const versions = acknowledged
      .map(({ answer }) => answer.body.version as number)
      .toSorted((a, b) => a - b);
    expect(versions, `versions of order ${history.id}`).toEqual(
      history.transitions.slice(1).map((_, n) => n + 2),
    );
    for (const [step, winners] of winnersOf(history)) {
      expect(winners, `who closed step ${step} of order ${history.id}`).toHaveLength(1);
    }
    for (const step of history.state.steps) {
      const voters = votersOf(step);
      expect(new Set(voters).size, `one vote each on step ${step.applyStep}`).toBe(voters.length);
    }
  }
}
