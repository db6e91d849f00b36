import { describe, expect, it } from 'vitest';
import type { Tx } from '../database/sql.js';
import type { OrderState, StepState } from '../engine/order-state.js';
import type { StepClock, Timer } from '../engine/timing.js';
import { TimersRepository } from './timers.repository.js';

/** An order with one open step, as far as its clock goes. */
const order = (clock: Partial<StepClock> | null, auditStatus: StepState['auditStatus'] = 'in_review') =>
  ({
    steps: [{ applyStep: 3, auditStatus, clock: clock && { running: true, ...clock } }],
  }) as unknown as OrderState;
const due: readonly Timer[] = [{ name: 'due', at: 500 }];
const both: readonly Timer[] = [...due, { name: 'after:1', at: 700 }];

/** The first word of every statement, and the values of the last one. */
async function save(before: OrderState | null, after: OrderState): Promise<[string[], readonly unknown[]]> {
  const verbs: string[] = [];
  let last: readonly unknown[] = [];
  const run = (sql: string, values: readonly unknown[] = []): Promise<number> => {
    verbs.push(sql.split(' ', 1)[0] ?? '');
    last = values;
    return Promise.resolve(1);
  };
  await new TimersRepository().save({ run } as unknown as Tx, 'o1', before, after);
  return [verbs, last];
}

describe('the timers of an order', () => {
  it('cost an order without due times no statement', async () => {
    expect(await save(null, order(null))).toEqual([[], []]);
    expect(await save(order(null), order(null, 'approved'))).toEqual([[], []]);
  });

  it('are written when the clock starts, in one statement', async () => {
    const rows = ['o1', 3, 'due', 500, 500, 'o1', 3, 'after:1', 700, 700];
    expect(await save(null, order({ timers: both }))).toEqual([['INSERT'], rows]);
    expect(await save(order(null), order({ timers: both }))).toEqual([['INSERT'], rows]);
  });

  it('are replaced when they change, in two statements', async () => {
    expect(await save(order({ timers: both }), order({ timers: due }))).toEqual([
      ['DELETE', 'INSERT'],
      ['o1', 3, 'due', 500, 500],
    ]);
  });

  it('that were put off stay so while nothing else happens to the clock', async () => {
    expect(await save(order({ timers: due, level: 0 }), order({ timers: due, level: 1 }))).toEqual([[], []]);
  });

  it('go when the clock stands still, and when the step is through', async () => {
    const gone = [['DELETE'], ['o1']];
    expect(await save(order({ timers: due }), order({ timers: due, running: false }))).toEqual(gone);
    expect(await save(order({ timers: due }), order({ timers: due }, 'approved'))).toEqual(gone);
    expect(await save(order({ timers: due }), order({ timers: [] }))).toEqual(gone);
  });
});
