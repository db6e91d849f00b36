import { expect } from 'vitest';
import { type Acting, crew, type OrderShown } from './acting.js';
import { root, type StageGiven } from './world.js';

/** A sequence of numbers in [0, 1) that a seed decides (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Chance = () => number;

export const oneOf = <T>(chance: Chance, values: readonly T[]): T =>
  values[Math.floor(chance() * values.length)] as T;

export const some = <T>(chance: Chance, values: readonly T[]): T[] => {
  const chosen = values.filter(() => chance() < 0.4);
  return chosen.length > 0 ? chosen : [oneOf(chance, values)];
};

export const codes = crew.map(({ sub }) => sub);

/** Any stage over the crew, or over these groups. */
export function anyStage(chance: Chance, groups: readonly string[]): StageGiven {
  const people = some(chance, codes);
  const mode = oneOf(chance, ['any', 'all', 'threshold', 'sequential'] as const);
  const node = {
    ...(mode === 'threshold' ? { minApprovals: Math.ceil(people.length / 2) } : {}),
    whenNobody: 'admin',
  };
  const condition = chance() < 0.2 ? { condition: 'amount > 10' } : {};
  if (chance() < 0.4) {
    const threshold = mode === 'threshold' ? { minApprovals: 1 } : {};
    return { groups: some(chance, groups), mode, node: { whenNobody: 'admin', ...threshold }, ...condition };
  }
  return { users: people, mode, node, ...condition };
}

/** What only those do whose turn it is. */
const deciding = ['approve', 'reject', 'transfer', 'delegate', 'add-sign', 'return'] as const;
/** What there is to do, the more often the likelier. */
const likely =
  'approve approve approve transfer transfer delegate add-sign add-sign return take-back take-back remove-sign reject'.split(
    ' ',
  );

function bodyOf(chance: Chance, command: string, order: OrderShown): object {
  const now = order.steps.findIndex((step) => step.auditStatus === 'in_review');
  const seats = order.steps[now]?.assignees ?? [];
  const others = codes.filter((code) => chance() < 0.1 || seats.every(({ userCode }) => userCode !== code));
  const another = () => oneOf(chance, others.length > 0 ? others : codes);
  switch (command) {
    case 'transfer':
    case 'delegate':
      return { toUserCode: another() };
    case 'add-sign':
      return { userCodes: [another()], position: oneOf(chance, ['before', 'with', 'after']) };
    case 'remove-sign': {
      const added = seats.filter(({ kind }) => kind === 'added' || kind === 'consulted');
      return { userCodes: [added.length > 0 ? oneOf(chance, added).userCode : another()] };
    }
    case 'return':
      return { toStep: Math.floor(chance() * (now + 1)), resume: oneOf(chance, ['again', 'back']) };
    case 'resubmit':
      return { variables: { amount: chance() < 0.5 ? 5 : 20 } };
    default:
      return {};
  }
}

/** One step of a walk, as it can be told. */
export interface Step {
  readonly who: string;
  readonly command: string;
  readonly body: object;
  readonly status: number;
}

/**
 * Somebody does something to the order, rather something that is possible than not. Expects an answer of the contract,
 * and a refusal for whoever decides without having a turn.
 * @param last who did something last, and could take it back
 */
export async function anyCommand(
  chance: Chance,
  acting: Acting,
  turns: readonly string[],
  last: string,
): Promise<Step> {
  const order = await acting.order();
  const ended = order.applyStatus === 'rejected';
  const next = order.returned ? 'resubmit' : ended ? 'reopen' : oneOf(chance, likely);
  const command = chance() < 0.95 ? next : oneOf(chance, likely);
  const theirs =
    command === 'take-back' || command === 'reopen' || command === 'remove-sign' ? [last] : turns;
  const sub = theirs.length > 0 && chance() < 0.9 ? oneOf(chance, theirs) : oneOf(chance, codes);
  const actor = crew.find((one) => one.sub === sub) ?? root;
  const body = bodyOf(chance, command, order);
  const answer = await acting.act(actor, command, body);
  const told = `${sub} ${command} ${JSON.stringify(body)}: ${JSON.stringify(answer.body)}`;
  expect([200, 400, 403, 409, 422], told).toContain(answer.status);
  const decides = order.returned === null && turns.includes(sub);
  if (deciding.some((one) => one === command) && !decides) expect([403, 409], told).toContain(answer.status);
  if ((command === 'approve' || command === 'reject') && decides) expect(answer.status, told).toBe(200);
  return { who: sub, command, body, status: answer.status };
}
