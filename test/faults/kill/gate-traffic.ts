import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import type { Mode } from '../../../src/gate/vocabulary.js';
import { eventually } from '../../support/eventually.js';
import { type Answer, type TestUser, tokenOf } from '../../support/harness.js';
import { oneOf } from '../../support/walks.js';
import { ann, bob, boss, carol, dave } from '../../support/world.js';
import type { Fleet } from './fleet.js';

/** What reviewers make of requests, one after the other: seven of ten pass, two are denied, one is left. */
const decisions = [
  'approve',
  'deny',
  'approve',
  'approve',
  'leave',
  'approve',
  'approve',
  'deny',
  'approve',
  'approve',
] as const;
export type Decision = (typeof decisions)[number];

/** The kinds of requests that actions name; the first part of the path tells which. */
export const kinds = [
  { method: 'POST', place: 'entries', mode: 'replay' },
  { method: 'PUT', place: 'entries', mode: 'replay' },
  { method: 'DELETE', place: 'entries', mode: 'replay' },
  { method: 'POST', place: 'errands', mode: 'retry-once' },
] as const satisfies readonly { method: string; place: string; mode: Mode }[];

/** A request that somebody sends, again and again. Its path says what reviewers will make of it, and is its alone. */
export interface Wish {
  readonly who: TestUser;
  readonly method: string;
  readonly path: string;
  readonly mode: Mode;
  readonly decision: Decision;
  readonly body: string | null;
}

/** An answer of the system behind the gate, as somebody got it. */
export interface Heard {
  readonly wish: Wish;
  readonly call: number;
  readonly status: number;
  readonly body: string;
}

/** What a visit was answered with: the approve request that holds it, or what the system behind the gate said. */
type Told = { readonly held: string } | { readonly heard: Heard } | { readonly brokeOff: true };

/** The same name at every process: the port that a process gets is no part of a request. */
const host = 'entries.example.com';

/** Applicants who send requests through a gate, and reviewers who decide on them, whatever goes down meanwhile. */
export class GateTraffic {
  readonly wishes: Wish[] = [];
  /** Approve requests that somebody was told of, with the request that they were to hold. */
  readonly told = new Map<string, Wish>();
  readonly heard: Heard[] = [];
  /** When an approval was first sent, by order; monotonic milliseconds. */
  readonly approved = new Map<string, number>();
  /** Answers that nobody should get. */
  readonly errors: string[] = [];
  private readonly orderOf = new Map<string, string>();
  /** Orders that somebody should decide on, and those that somebody has decided on. */
  private readonly undecided = new Set<string>();
  private readonly decided = new Set<string>();
  private readonly following = new Set<Promise<void>>();
  private readonly applicants: Promise<unknown>;
  private readonly reviewers: Promise<unknown>;
  private asking = true;
  private deciding = true;
  private approving: ((answered: boolean) => void) | null = null;

  constructor(
    private readonly fleet: Fleet,
    private readonly gate: string,
    private readonly chance: () => number,
  ) {
    this.applicants = Promise.all([ann, ann, ann, dave, dave, dave].map((who) => this.apply(who)));
    this.reviewers = Promise.all([this.review(bob), this.review(carol)]);
  }

  /** Hears when the next approval is about to be sent, and when it has been answered. */
  atNextApproval(hear: (answered: boolean) => void): void {
    this.approving = hear;
  }

  /** Until so many more requests have been sent. */
  async goOn(more: number): Promise<void> {
    const enough = this.wishes.length + more;
    await eventually(
      () => this.wishes.length,
      (count) => count >= enough,
      120_000,
    );
  }

  /** No new requests; until everybody has what they can get. */
  async finish(): Promise<void> {
    this.asking = false;
    await this.applicants;
    while (this.following.size > 0) await Promise.all(this.following);
    // The deadline is only there to end what would never end; what is unfinished then is told as lost.
    for (const end = Date.now() + 240_000; Date.now() < end && !(await this.isSettled());) await pause(100);
    this.deciding = false;
    await this.reviewers;
  }

  /** Sends a request until there is an answer. */
  async visit(wish: Wish): Promise<Told> {
    for (;;) {
      const { url } = await this.fleet.any();
      const told = await this.send(url, wish).catch(() => null);
      if (told) return told;
      await pause(20);
    }
  }

  /** All items of a list. */
  async list<T>(who: TestUser, path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: string = `${path}&limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { status, body } = await this.fleet.ask((service) => service.as(who).get(page));
      if (status !== 200) throw new Error(`GET ${page}: ${status} ${JSON.stringify(body)}`);
      items.push(...(body.items as T[]));
      cursor = body.nextCursor as string | null;
    }
    return items;
  }

  /** @returns null when it has to be sent again */
  private async send(url: string, wish: Wish): Promise<Told | null> {
    const { method, path, mode, body } = wish;
    const {
      statusCode,
      headers,
      body: stream,
    } = await request(`${url}/gate/${this.gate}/proxy${path}`, {
      method: method as 'POST',
      headers: {
        host,
        authorization: `Bearer ${await tokenOf(wish.who)}`,
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === null ? {} : { body }),
    });
    const text = await stream.text();
    const call = headers['x-call'];
    if (typeof call === 'string') {
      const heard = { wish, call: Number(call), status: statusCode, body: text };
      this.heard.push(heard);
      return { heard };
    }
    if (statusCode === 503) return null;
    const answer = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    const { requestId, orderId, code } = answer;
    if (typeof requestId === 'string' && typeof orderId === 'string') {
      this.told.set(requestId, wish);
      this.orderOf.set(orderId, requestId);
      if (wish.decision !== 'leave' && !this.decided.has(orderId)) this.undecided.add(orderId);
      return { held: requestId };
    }
    if (!(mode === 'retry-once' && code === 'upstream_failed'))
      this.errors.push(`${method} ${path}: ${statusCode} ${text}`);
    return { brokeOff: true };
  }

  /** Whether nobody has to act any more, and nothing is still to be sent. */
  private async isSettled(): Promise<boolean> {
    const todo = await this.list<Listed>(bob, '/orders?scope=todo');
    if (todo.some(({ title }) => !title?.endsWith('.leave'))) return false;
    for (const topic of ['gate.order', 'gate.execute'])
      for (const state of ['pending', 'sending'])
        if ((await this.list(boss, `/deliveries?topic=${topic}&state=${state}`)).length > 0) return false;
    return true;
  }

  private async apply(who: TestUser): Promise<void> {
    while (this.asking) {
      // Reviewers are as slow as the machine: they are not to be left behind.
      if (this.undecided.size >= muchToDecide) {
        await pause(50);
        continue;
      }
      const number = this.wishes.length;
      const { method, place, mode } = nth(kinds, number);
      const decision = nth(decisions, Math.floor(number / kinds.length));
      const path = `/${place}/${number}.${decision}`;
      const body = method === 'DELETE' ? null : JSON.stringify({ luck: this.chance() });
      const wish = { who, method, path, mode, decision, body };
      this.wishes.push(wish);
      const copies = Array.from({ length: oneOf(this.chance, [1, 1, 1, 3, 5]) }, () => this.visit(wish));
      const told = await Promise.all(copies);
      const followed = this.follow(wish, told[0] as Told).then(() => void this.following.delete(followed));
      this.following.add(followed);
      await pause(this.chance() * 400);
    }
  }

  /** Comes again: some, until there is a result; those who have to pass by themselves, until they have. */
  private async follow(wish: Wish, first: Told): Promise<void> {
    const { decision, mode } = wish;
    const passes = mode === 'retry-once' && decision === 'approve';
    const repeats = passes ? 1_000 : Math.floor(this.chance() * 4);
    for (let repeat = 0; repeat < repeats; repeat++) {
      await pause(100 + this.chance() * 400);
      const copies = Array.from({ length: oneOf(this.chance, [1, 1, 2]) }, () => this.visit(wish));
      for (const told of await Promise.all(copies)) {
        // The one before has passed, and with it the leave.
        if (passes && (!('held' in told) || !('held' in first) || told.held !== first.held)) return;
      }
    }
  }

  private async review(who: TestUser): Promise<void> {
    while (this.deciding) {
      const todo = (await this.list<Listed>(who, '/orders?scope=todo')).flatMap(({ id, title }) => {
        const decision = /\.(approve|deny)$/.exec(title ?? '')?.[1];
        return decision ? [{ id, decision: decision as Decision }] : [];
      });
      for (let next = 0; next < todo.length; next += atOnce)
        await Promise.all(
          todo.slice(next, next + atOnce).map(({ id, decision }) => this.decide(who, id, decision)),
        );
      await pause(50);
    }
  }

  private async decide(who: TestUser, orderId: string, decision: Decision): Promise<void> {
    const approves = decision === 'approve';
    const requestId = this.orderOf.get(orderId);
    const path =
      requestId !== undefined && this.chance() < 0.5
        ? `/approve-requests/${requestId}/${approves ? 'pass' : 'deny'}`
        : `/orders/${orderId}/${approves ? 'approve' : 'reject'}`;
    const hear = approves ? this.approving : null;
    if (hear) this.approving = null;
    if (approves && !this.approved.has(orderId)) this.approved.set(orderId, performance.now());
    hear?.(false);
    const { status, body }: Answer = await this.fleet.ask((service) => service.as(who).post(path, {}));
    if (![200, 403, 409].includes(status)) this.errors.push(`${path}: ${status} ${JSON.stringify(body)}`);
    this.decided.add(orderId);
    this.undecided.delete(orderId);
    hear?.(true);
  }
}

/** How many orders may wait for reviewers before applicants wait for them too. */
const muchToDecide = 20;
/** How many decisions a reviewer sends at once. */
const atOnce = 4;

const nth = <T>(things: readonly T[], number: number): T => things[number % things.length] as T;

interface Listed {
  readonly id: string;
  readonly title: string | null;
}
