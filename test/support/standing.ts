import { expect } from 'vitest';
import { isEnded, openStep, type OrderState, type StepState } from '../../src/engine/order-state.js';
import type { Acting } from './acting.js';
import type { TestApp } from './harness.js';
import { historiesOf, type OrderHistory } from './order-history.js';
import { root } from './world.js';

interface TimerRow {
  readonly step: number | string;
  readonly name: string;
  readonly due: number | string;
}

/**
 * Expects of one order what has to hold at every moment: its log gives its state and verifies, its explanation has a
 * sentence for every step in both languages, the rows of its timers are those of the open step whose time runs, and no
 * timer has fired twice.
 */
export async function expectSound(app: TestApp, acting: Acting): Promise<OrderHistory> {
  const [history] = await historiesOf(app.database, acting.id);
  if (!history) throw new Error(`order ${acting.id} is gone`);
  await expectTimers(app, acting, history.state);
  expectFiredOnce(history);
  await expectVerified(app, acting.id);
  for (const language of ['zh', 'en'] as const) await expectExplained(app, history, language);
  return history;
}

/** Expects that time will do to the order what the clock of its open step says, and nothing else. */
async function expectTimers(app: TestApp, acting: Acting, state: OrderState): Promise<void> {
  const { id } = acting;
  const open = openStep(state);
  const running = open?.clock?.running ? open : null;
  const stored = await app.database.rows<TimerRow>(
    'SELECT apply_step AS step, name, due_at AS due FROM dms_s_apply_timer WHERE apply_order_id = ?',
    [id],
  );
  const told = stored.map(({ step, name, due }) => `${step} ${name} ${due}`).toSorted();
  const timers = running?.clock?.timers ?? [];
  expect(told, `timers of order ${id}`).toEqual(
    timers.map(({ name, at }) => `${running?.applyStep} ${name} ${at}`).toSorted(),
  );
  const fired = new Set(running?.clock?.fired);
  for (const { name } of timers) expect(fired, `${name} of order ${id} is still to come`).not.toContain(name);
  if (isEnded(state) || state.returned) expect(stored, `order ${id} stands still`).toEqual([]);

  const due = (step: StepState): number | null => (step === running ? (running.clock?.dueAt ?? null) : null);
  const rows = await app.database.rows<{ step: number | string; due: number | string | null }>(
    'SELECT apply_step AS step, due_at AS due FROM dms_s_apply_order_process WHERE apply_order_id = ? ORDER BY apply_step',
    [id],
  );
  const inTable = rows.map((row) => (row.due === null ? null : Number(row.due)));
  expect(inTable, `due_at of order ${id}`).toEqual(state.steps.map(due));
  const shown = (await acting.order()).steps.map(({ dueAt }) => (dueAt === null ? null : Date.parse(dueAt)));
  expect(shown, `dueAt of order ${id}`).toEqual(state.steps.map(due));
}

/**
 * Expects that each timer has fired at most once since its step was opened for the first time, or anew. A clock that
 * goes on with what was left is still the same cause.
 */
function expectFiredOnce({ id, transitions }: OrderHistory): void {
  const fired = new Map<number, Set<string>>();
  for (const event of transitions.flat()) {
    if ((event.type === 'step.in_review' || event.type === 'step.clock_started') && event.clock?.used === 0) {
      fired.delete(event.applyStep);
    }
    if (!('timers' in event)) continue;
    const known = fired.get(event.applyStep) ?? new Set();
    fired.set(event.applyStep, known);
    for (const name of event.timers) {
      expect(known, `${name} of step ${event.applyStep} of order ${id} fired again`).not.toContain(name);
      known.add(name);
    }
  }
}

export async function expectVerified(app: Pick<TestApp, 'as'>, id: string): Promise<void> {
  const { status, body } = await app.as(root).get(`/orders/${id}/logs/verify`);
  expect(status, `verify of order ${id}: ${JSON.stringify(body)}`).toBe(200);
  expect(body, `verify of order ${id}: ${JSON.stringify(body)}`).toMatchObject({
    ok: true,
    unhashed: 0,
    problems: [],
  });
}

/** What shows through where a sentence was not finished. */
const unfinished = /undefined|\bNaN\b|\[object|\$\{|Invalid Date/;

async function expectExplained(
  app: TestApp,
  { id, state }: OrderHistory,
  language: 'zh' | 'en',
): Promise<void> {
  const { status, body } = await app.as(root).get(`/orders/${id}/explain?lang=${language}`);
  const told = `explanation of order ${id}: ${JSON.stringify(body)}`;
  expect(status, told).toBe(200);
  const steps = body.steps as { applyStep: number; sentence: string; because: { text: string }[] }[];
  expect(steps.map(({ applyStep }) => applyStep)).toEqual(state.steps.map(({ applyStep }) => applyStep));
  const sentences = [
    body.summary as string,
    ...steps.map(({ sentence }) => sentence),
    ...steps.flatMap(({ because }) => because.map(({ text }) => text)),
  ];
  for (const sentence of sentences) {
    expect(sentence.trim(), told).not.toBe('');
    expect(sentence, told).not.toMatch(unfinished);
    if (language === 'zh') expect(sentence, told).toMatch(/\p{Script=Han}/u);
  }
}
