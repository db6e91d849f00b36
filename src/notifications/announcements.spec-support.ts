import { type Command, decide } from '../engine/decide.js';
import { type FlowGiven, opened } from '../engine/engine.spec-support.js';
import { evolveAll } from '../engine/evolve.js';
import type { OrderEvent } from '../engine/events.js';
import type { Transition } from '../operation-log/operation-log.service.js';
import { type Announcement, announcementsOf } from './announcements.js';

/** The order of the specs. */
export const head = {
  id: 'o1',
  businessType: 'purchase',
  businessKey: 'K-1',
  accCode: 't1',
  title: 'A desk',
} as Parameters<typeof announcementsOf>[1];

/** A log as it may have been written by any version of the service. */
export const historyOf = (log: readonly (readonly OrderEvent[])[], userCode = 'whoever'): Transition[] =>
  log.map((events, index) => ({
    orderId: 'o1',
    number: index + 1,
    userCode,
    events,
    time: new Date('2026-11-22T08:30:00Z'),
  }));

/** The history of an order that was opened, and of what was done to it then. */
export function history(flow: FlowGiven, ...commands: readonly Command[]): Transition[] {
  const { log } = opened(flow);
  for (const command of commands) {
    const state = evolveAll(null, log.flat());
    const outcome = decide(state, command);
    if (!outcome.ok) throw new Error(outcome.refusal.detail);
    log.push([...outcome.events]);
  }
  return historyOf(log);
}

/** A command, said with other words. */
export const saying = (command: Command, words: object): Command => ({ ...command, ...words });

/** What the last of some transitions is to subscribers. */
export const told = (transitions: readonly Transition[]): Announcement[] =>
  announcementsOf(transitions, head);

/** Of the last transition: what is told of, and who is asked there. */
export const askedBy = (transitions: readonly Transition[]): [type: string, asked: readonly string[]][] =>
  told(transitions).map(({ notice, asked }) => [notice.type, asked]);
