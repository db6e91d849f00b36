import fc from 'fast-check';
import type { Command } from './decide.js';
import type { Model } from './engine.model.spec-support.js';
import { acting, answer, type FlowGiven, personIn, type StageGiven } from './engine.spec-support.js';
import { openStep, type OrderState } from './order-state.js';
import { mayDecide } from './permission.js';
import { autoApprovePolicies, dedupePolicies, nobodyPolicies, userOfSubject } from './vocabulary.js';

/** Who appears in random orders: few, so that they meet. */
export const people = ['ann', 'bob', 'carol', 'dave', 'eve', 'tina', 'root'];

/** What of the directory changes while an order is under way. */
type Directory = Pick<FlowGiven, 'groups' | 'inactive' | 'found'>;

/** Somebody does something, in a directory that may have changed since. */
export interface Act {
  readonly type: (typeof types)[number];
  readonly actor: string;
  /** Whether it is somebody who may, where there is one, rather than anybody. */
  readonly apt: boolean;
  readonly to: string;
  readonly position: 'before' | 'with' | 'after';
  readonly toStep: number;
  readonly resume: 'again' | 'back';
  readonly amount: number | null;
  readonly directory: Directory | null;
}

const types = [
  ...(['approve', 'approve', 'approve', 'approve', 'approve', 'reject', 'reject'] as const),
  ...(['transfer', 'transfer', 'ask_opinion', 'add_signer', 'add_signer', 'remove_signer'] as const),
  ...(['return', 'return', 'resubmit', 'resubmit', 'reopen', 'take_back', 'withdraw'] as const),
  ...(['recount', 'comment', 'copy', 'urge', 'check', 'check'] as const),
] as const;

const some = (max: number) => fc.uniqueArray(fc.constantFrom(...people), { maxLength: max });
const anyDirectory: fc.Arbitrary<Directory> = fc.record({
  groups: fc.record({ g: some(4), h: some(4) }),
  inactive: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.subarray(['bob', 'carol', 'root']) },
  ),
  found: fc
    .array(fc.oneof({ weight: 7, arbitrary: some(3) }, { weight: 1, arbitrary: fc.constant('HTTP 500') }), {
      minLength: 5,
      maxLength: 5,
    })
    .map((steps) => Object.fromEntries(steps.map((one, index) => [index + 1, one]))),
});
const rules = {
  mode: fc.constantFrom('any' as const, 'all' as const, 'threshold' as const, 'sequential' as const),
  min: fc.constantFrom(1, 2, 2, 3),
  condition: fc.constantFrom('', '', '', '', '0', 'amount > 5'),
  finding: fc.record({ whenNobody: fc.constantFrom(...nobodyPolicies), fallback: some(2) }),
};
export const anyStage: fc.Arbitrary<StageGiven> = fc.oneof(
  fc.record({ users: fc.uniqueArray(fc.constantFrom(...people), { minLength: 1, maxLength: 3 }), ...rules }),
  fc.record({ groups: fc.subarray(['g', 'h'], { minLength: 1 }), ...rules }),
  fc.record({ found: fc.constant('leader' as const), ...rules }),
);
export const anyFlow: fc.Arbitrary<FlowGiven> = fc
  .record({
    stages: fc.array(anyStage, { minLength: 1, maxLength: 5 }),
    applicant: fc.constantFrom('ann', 'ann', 'ann', 'bob', 'root'),
    autoApprove: fc.constantFrom(...autoApprovePolicies, 'never' as const),
    dedupe: fc.constantFrom(...dedupePolicies),
    hasExecute: fc.boolean(),
    hasCheck: fc.constantFrom(false, false, true),
    variables: fc.record({ amount: fc.integer({ min: 0, max: 10 }) }),
    directory: anyDirectory,
  })
  .map(({ directory, ...flow }) => ({ ...flow, ...directory }));

const anyAct: fc.Arbitrary<Act> = fc.record({
  type: fc.constantFrom(...types),
  actor: fc.constantFrom(...people, 'bob', 'carol', 'dave'),
  apt: fc.boolean().chain((yes) => (yes ? fc.constant(true) : fc.boolean())),
  to: fc.constantFrom(...people, 'nobody'),
  position: fc.constantFrom('before' as const, 'with' as const, 'after' as const),
  toStep: fc.nat({ max: 3 }),
  resume: fc.constantFrom('again' as const, 'back' as const),
  amount: fc.option(fc.integer({ min: 0, max: 10 })),
  directory: fc.option(anyDirectory, { nil: null, freq: 6 }),
});
/** Long enough for some orders to reach their end. */
export const anyActs = fc.array(anyAct, { maxLength: 30, size: 'max' });

/** The flow as an act finds it: the directory of now, and at a resubmission the variables. */
export const flowAt = (flow: FlowGiven, { type, amount, directory }: Act): FlowGiven => ({
  ...flow,
  ...directory,
  ...(type === 'resubmit' && amount !== null ? { variables: { amount } } : {}),
});

/** Random people are seldom those whose turn it is; picks among those who may, as far as the act asks for it. */
export function aptly(act: Act, state: OrderState, now: FlowGiven): Act {
  if (!act.apt) return act;
  const may = (): string[] => people.filter((who) => !('code' in mayDecide(state, personIn(who, now))));
  const apt = {
    resubmit: [state.applicant],
    withdraw: act.to === act.actor ? [state.applicant] : [],
    take_back: [state.lastDecision?.userCode ?? ''],
    reopen: [state.steps.find((step) => step.auditStatus === 'rejected')?.auditUserCode ?? ''],
    remove_signer: [],
  };
  const among =
    act.type in apt
      ? apt[act.type as keyof typeof apt]
      : may().filter((who) => who !== 'root' || act.actor === 'root');
  const actor = among[people.indexOf(act.actor) % among.length] ?? act.actor;
  const signers = openStep(state)?.seats.filter((seat) => seat.kind === 'added' && seat.gone === null) ?? [];
  const signer = signers[act.toStep % signers.length];
  if (act.type !== 'remove_signer' || !signer) return { ...act, actor };
  return { ...act, actor: signer.by ?? act.actor, to: userOfSubject(signer.subject) ?? act.to };
}

export function commandOf(
  { type, actor, to, position, toStep, resume, amount }: Act,
  now: FlowGiven,
): Command {
  const does = acting(now);
  switch (type) {
    case 'approve':
      return does.approve(actor);
    case 'reject':
      return does.reject(actor);
    case 'transfer':
      return does.transfer(actor, to);
    case 'ask_opinion':
      return does.askOpinion(actor, to);
    case 'add_signer':
      return does.addSigners(actor, [to], position);
    case 'remove_signer':
      return does.removeSigners(actor, [to]);
    case 'return':
      return does.giveBack(actor, toStep, resume);
    case 'resubmit':
      return does.resubmit(actor, amount === null ? null : { amount });
    case 'reopen':
      return does.reopen(actor);
    case 'take_back':
      return does.takeBack(actor);
    case 'withdraw':
      return does.withdraw(actor);
    case 'recount':
      return does.recount();
    case 'comment':
      return does.comment(actor);
    case 'copy':
      return does.copy(actor, ['zoe']);
    case 'urge':
      return does.urge('root', toStep * 1_000_000);
    case 'check':
      return answer('check', true, now);
  }
}

/** The same for the model. */
export function judge(model: Model, { type, actor, to, position, toStep, resume }: Act): boolean | null {
  switch (type) {
    case 'approve':
      return model.decide(actor, 'yes');
    case 'reject':
      return model.decide(actor, 'no');
    case 'transfer':
      return model.transfer(actor, to);
    case 'ask_opinion':
      return model.askOpinion(actor, to);
    case 'add_signer':
      return model.addSigner(actor, to, position);
    case 'remove_signer':
      return model.removeSigner(actor, to);
    case 'return':
      return model.giveBack(actor, toStep, resume);
    case 'resubmit':
      return model.resubmit(actor);
    case 'reopen':
      return model.reopen(actor);
    case 'take_back':
      return model.takeBack(actor);
    case 'withdraw':
      return model.withdraw(actor);
    case 'recount':
      return model.recount();
    case 'check':
      return model.checked();
    case 'comment':
    case 'copy':
    case 'urge':
      // They change nothing of which the model knows.
      return null;
  }
}
