import type { Mode, RequestState } from '../../../src/gate/vocabulary.js';
import type { Decision, GateTraffic, Heard, Wish } from './gate-traffic.js';
import type { Call } from './gate-upstream.js';

/** A held request at the end, as the API tells it. */
export interface ListedRequest {
  readonly id: string;
  readonly orderId: string;
  readonly status: RequestState;
  readonly mode: Mode;
  readonly method: string;
  readonly path: string;
  readonly error: string | null;
  readonly responseStatus: number | null;
  readonly endsAt: string | null;
}

/** While processes were killed, from the signal until they had gone; monotonic milliseconds. */
export interface Strike {
  readonly from: number;
  readonly to: number;
}

/** Everything that breaks a promise, in words. */
export interface Verdict {
  /** Carried out more than once by the system behind the gate. */
  readonly twice: readonly string[];
  /** Carried out although nobody had approved it. */
  readonly unapproved: readonly string[];
  /** Held and gone, or approved and left lying. */
  readonly lost: readonly string[];
  /** Told otherwise than it was, or with more orders than one. */
  readonly untrue: readonly string[];
}

interface Evidence {
  readonly calls: readonly Call[];
  readonly requests: readonly ListedRequest[];
  readonly orderIds: readonly string[];
  readonly strikes: readonly Strike[];
  /** Attempts of which nobody recorded what came of them, by order. */
  readonly lostAttempts: ReadonlyMap<string, number>;
  readonly traffic: Pick<GateTraffic, 'wishes' | 'told' | 'heard' | 'approved'>;
}

/** Until when a process that has the answer may not have recorded it (milliseconds); machines may be slow. */
const recording = 2_000;
/** An order that is completed, by its code. */
const completed = '6';
/** States of a request whose leave to pass has been taken. */
const taken: ReadonlySet<string> = new Set<RequestState>(['executing', 'executed', 'failed', 'unknown']);

const decisionOn = (path: string): Decision => /[^.]*$/.exec(path)?.[0] as Decision;

/** Judges from what the system behind the gate has seen, what the API tells at the end, and what people were told. */
export function judged(evidence: Evidence): Verdict {
  const { calls, requests, traffic } = evidence;
  const known = new Map(requests.map((one) => [one.id, one]));
  const callsOf = grouped(calls, ({ id }) => id ?? '');
  const ofPath = grouped(requests, ({ path }) => path);
  return {
    twice: requests.flatMap((one) => twiceOf(one, callsOf.get(one.id) ?? [], evidence)),
    unapproved: calls.flatMap((call) => unapprovedOf(call, known.get(call.id ?? ''), evidence)),
    lost: [
      ...[...traffic.told]
        .filter(([id]) => !known.has(id))
        .map(([id, { path }]) => `${path} was held as ${id}, which is gone`),
      ...traffic.wishes.filter(({ path }) => !ofPath.has(path)).map(({ path }) => `${path} was never held`),
      ...requests.flatMap((one) => lostOf(one, callsOf.get(one.id) ?? [], evidence)),
    ],
    untrue: [
      ...calls.flatMap((call) => changedOf(call, traffic.told)),
      ...[...ofPath].flatMap(([path, held]) => manyOf(path, held)),
      ...apart(
        requests.map(({ orderId }) => orderId),
        evidence.orderIds,
      ),
      ...traffic.heard.flatMap((heard) => misheard(heard, calls, known)),
    ],
  };
}

/** A struck process may have lost what it was about to record of this call. */
const wasStruck = ({ at, answeredAt }: Call, strikes: readonly Strike[]): boolean =>
  strikes.some(({ from, to }) => to >= at && from <= (answeredAt ?? Number.POSITIVE_INFINITY) + recording);

/** The system behind gave no answer, or something in between said that it does not know. */
const isUnanswered = ({ fate }: Call): boolean => fate.startsWith('breaks off') || fate === 'hearsay';

const nameOf = ({ id, method, path, mode, status }: ListedRequest): string =>
  `${method} ${path} (${mode}, ${id}, ${status})`;

function twiceOf(one: ListedRequest, calls: readonly Call[], { strikes, lostAttempts }: Evidence): string[] {
  const told = [`${nameOf(one)} came: ${calls.map(({ number, fate }) => `${number} ${fate}`).join(', ')}`];
  const repeatable = one.mode === 'replay' && one.method !== 'POST';
  if (!repeatable) return calls.length > 1 ? told : [];
  // What has been answered may come again only when nobody could record the answer: the process was killed, or stood
  // still for longer than its claim holds.
  const unrecorded = calls.filter((call, index) => {
    const next = calls[index + 1];
    if (!next || isUnanswered(call)) return false;
    return !strikes.some(({ from, to }) => to >= call.at && from <= next.at);
  });
  return unrecorded.length > (lostAttempts.get(one.orderId) ?? 0) ? told : [];
}

function unapprovedOf(
  { number, id, path, standing, at }: Call,
  one: ListedRequest | undefined,
  { lostAttempts, traffic: { approved } }: Evidence,
): string[] {
  const name = `call ${number} to ${path} for ${id}`;
  if (!one || !standing) return [`${name} is about no approve request`];
  if (standing.applyStatus !== completed) return [`${name} came while its order was ${standing.applyStatus}`];
  if ((approved.get(one.orderId) ?? Number.POSITIVE_INFINITY) > at)
    return [`${name} came before anybody approved it`];
  // Whoever sends it has said so before: nobody else can take it for unsent. One that then stood still may find it given
  // up meanwhile. What was recorded is not sent again.
  const states = lostAttempts.has(one.orderId) ? ['executing', 'unknown'] : ['executing'];
  if (!states.includes(standing.state) || standing.responseStatus !== null)
    return [`${name} came while it was ${standing.state} (answered ${standing.responseStatus})`];
  return [];
}

/** A request that has not come to where its decision leads, or that is told to be unknown without a reason. */
function lostOf(
  one: ListedRequest,
  calls: readonly Call[],
  { strikes, lostAttempts, traffic }: Evidence,
): string[] {
  const { status, mode, error, responseStatus, orderId, endsAt } = one;
  const decision = decisionOn(one.path);
  const left = [`${nameOf(one)} was to ${decision}, and came ${calls.length} times (${error})`];
  if (decision === 'deny') return status === 'denied' && calls.length === 0 ? [] : left;
  if (decision === 'leave') return status === 'waiting' && calls.length === 0 ? [] : left;
  const approvedAt = traffic.approved.get(orderId) ?? 0;
  const [last] = calls.slice(-1);
  const mayBeUnknown =
    lostAttempts.has(orderId) ||
    (last ? isUnanswered(last) || wasStruck(last, strikes) : strikes.some(({ to }) => to >= approvedAt));
  switch (status) {
    case 'executed':
      return last && last.status === 200 && responseStatus === 200 ? [] : left;
    case 'failed':
      // Only a refusal speaks against a request here; of a repeat that passed, any other answer too.
      return last &&
        last.status === responseStatus &&
        [409, ...(mode === 'replay' ? [] : [502])].includes(last.status)
        ? []
        : left;
    case 'unknown':
      if (error === null && responseStatus === null) return left;
      // What may be sent again is, until there is an answer.
      return mayBeUnknown && (mode === 'retry-once' || one.method === 'POST') ? [] : left;
    case 'executing':
      // Named unknown when its time is over: answers to those who pass may stream for long.
      return mode === 'retry-once' && mayBeUnknown && endsAt !== null ? [] : left;
    case 'approved':
      return mode === 'retry-once' && calls.length === 0 ? [] : left;
    default:
      return left;
  }
}

/** What is sent is what was held, under the request's own key. */
function changedOf(call: Call, told: ReadonlyMap<string, Wish>): string[] {
  const wish = told.get(call.id ?? '');
  if (!wish) return [];
  const fine =
    call.key === call.id &&
    call.method === wish.method &&
    call.path === wish.path &&
    call.body === (wish.body ?? '');
  return fine
    ? []
    : [`call ${call.number} is not what ${wish.method} ${wish.path} was: ${JSON.stringify(call)}`];
}

/** One order while it waits: another one only when the leave to pass that the former led to has been taken. */
function manyOf(path: string, held: readonly ListedRequest[]): string[] {
  const former = held.toSorted((one, other) => (one.id < other.id ? -1 : 1)).slice(0, -1);
  const open = former.filter(({ mode, status }) => mode === 'replay' || !taken.has(status));
  return open.length === 0 ? [] : [`${path} was held ${held.length} times: ${held.map(nameOf).join(', ')}`];
}

/** Every order is about one approve request, and the other way round. */
function apart(ofRequests: readonly string[], orderIds: readonly string[]): string[] {
  const [ours, theirs] = [new Set(ofRequests), new Set(orderIds)];
  return [
    ...(ours.size < ofRequests.length ? ['an order is about several requests'] : []),
    ...[...ours].filter((id) => !theirs.has(id)).map((id) => `order ${id} is missing`),
    ...[...theirs].filter((id) => !ours.has(id)).map((id) => `order ${id} is about no request`),
  ];
}

/** Whoever is answered is told what the system behind said, about their request; of a kept one, its last word. */
function misheard(
  { wish, call: number, status, body }: Heard,
  calls: readonly Call[],
  known: ReadonlyMap<string, ListedRequest>,
): string[] {
  const call = calls.find((one) => one.number === number);
  const one = known.get(call?.id ?? '');
  const last = calls.findLast(({ id }) => id === call?.id);
  const fine =
    call !== undefined &&
    last === call &&
    one !== undefined &&
    one.path === wish.path &&
    status === call.status &&
    body === call.answer &&
    (wish.mode === 'retry-once' || status === one.responseStatus);
  return fine ? [] : [`${wish.method} ${wish.path} was answered ${status} ${body}, by call ${number}`];
}

function grouped<T>(things: readonly T[], by: (thing: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) groups.set(by(thing), [...(groups.get(by(thing)) ?? []), thing]);
  return groups;
}
