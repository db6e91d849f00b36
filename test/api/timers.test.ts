import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { OrderTimersService } from '../../src/orders/order-timers.service.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type HeldTime, holdTime } from '../support/held-time.js';
import { ann, bob, boss, carol, created, givenFlow } from '../support/world.js';

const day = 24 * 3_600_000;

interface StoredTimer {
  readonly name: string;
  readonly due: number;
  readonly run: number;
  readonly failures: number;
}

const timersOf = async (app: TestApp, orderId: unknown): Promise<StoredTimer[]> => {
  const rows = await app.database.rows<Record<keyof StoredTimer, string | number>>(
    `SELECT name, due_at AS due, run_at AS run, failures FROM dms_s_apply_timer WHERE apply_order_id = ? ORDER BY due_at`,
    [String(orderId)],
  );
  return rows.map(({ name, due, run, failures }) => ({
    name: String(name),
    due: Number(due),
    run: Number(run),
    failures: Number(failures),
  }));
};

const operations = async (app: TestApp, orderId: unknown): Promise<string[]> => {
  const { body } = await app.as(ann).get(`/orders/${orderId}/logs?limit=100`);
  return body.items.map((row: { operation: string }) => row.operation);
};

const timesOf = async (app: TestApp, orderId: unknown, operation: string): Promise<number> =>
  (await operations(app, orderId)).filter((name) => name === operation).length;

const open = async (app: TestApp, timing: object, more: readonly object[] = []): Promise<string> => {
  const { businessType } = await givenFlow(app, [{ users: ['bob'], timing }, ...more]);
  return (await created(app.as(ann), '/orders', { businessType })).id as string;
};

describe('timers', () => {
  let app: TestApp;
  let time: HeldTime;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());
  beforeEach(() => {
    time = holdTime(app);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  describe('rows beside the order', () => {
    it('are those of the open step whose time runs', async () => {
      const opened = time.now();
      const id = await open(app, { due: '2d', remindBefore: ['1d'], remindAfter: ['1h'] }, [
        { users: ['carol'] },
      ]);

      expect(await timersOf(app, id)).toEqual([
        { name: 'before:1', due: opened + day, run: opened + day, failures: 0 },
        { name: 'due', due: opened + 2 * day, run: opened + 2 * day, failures: 0 },
        { name: 'after:1', due: opened + 2 * day + day / 24, run: opened + 2 * day + day / 24, failures: 0 },
      ]);

      // The next step is due at no time.
      expect((await app.as(bob).post(`/orders/${id}/approve`)).status).toBe(200);
      expect(await timersOf(app, id)).toEqual([]);
    });

    it('stand still while the order is returned, and go on with what is left', async () => {
      const id = await open(app, { due: '2d' });
      time.pass('12h');
      expect((await app.as(bob).post(`/orders/${id}/return`, { toStep: 0 })).status).toBe(200);
      expect(await timersOf(app, id)).toEqual([]);
      time.pass('30d');

      expect((await app.as(ann).post(`/orders/${id}/resubmit`)).status).toBe(200);

      const left = time.now() + 1.5 * day;
      expect(await timersOf(app, id)).toEqual([{ name: 'due', due: left, run: left, failures: 0 }]);
      expect(await operations(app, id)).not.toContain('step.reminded');
    });

    it('end with the order', async () => {
      const id = await open(app, { due: '2d' });

      expect((await app.as(ann).post(`/orders/${id}/withdraw`)).status).toBe(200);

      expect(await timersOf(app, id)).toEqual([]);
    });
  });

  it('remind, once each, before and after and when the step is due', async () => {
    const id = await open(app, { due: '2d', remindBefore: ['1d'], remindAfter: ['1d'] });
    const reminded = (): Promise<number> => timesOf(app, id, 'step.reminded');

    for (const times of [1, 2, 3]) {
      expect(await reminded()).toBe(times - 1);
      time.pass('1d');
      await eventually(reminded, (count) => count === times);
    }

    expect(await timersOf(app, id)).toEqual([]);
    time.pass('300d');
    // Something that is found later shows that the worker has looked.
    const other = await open(app, { due: '1s' });
    time.pass('1s');
    await eventually(
      () => timesOf(app, other, 'step.reminded'),
      (count) => count === 1,
    );
    expect(await reminded()).toBe(3);
  });

  it('approve, and reject, what nobody decided', async () => {
    const approved = await open(app, { due: '1d', then: 'auto_approve' }, [{ users: ['carol'] }]);
    const rejected = await open(app, { due: '1d', then: 'auto_reject' });
    time.pass('1d');

    const statusOf = async (id: string): Promise<string[]> => {
      const { body } = await app.as(ann).get(`/orders/${id}`);
      return [body.applyStatus, ...body.steps.map((step: { auditStatus: string }) => step.auditStatus)];
    };
    await eventually(
      () => statusOf(rejected),
      ([status]) => status === 'rejected',
    );
    expect(
      await eventually(
        () => statusOf(approved),
        ([, , second]) => second === 'in_review',
      ),
    ).toEqual(['in_review', 'auto_approved', 'in_review']);
    expect((await app.as(carol).post(`/orders/${approved}/approve`)).status).toBe(200);
  });

  it('that fail are tried again later, and hold up no other order', async () => {
    const broken = await open(app, { due: '1d' });
    const sound = await open(app, { due: '2d' });
    const timers = app.get(OrderTimersService);
    const fire = timers.fire.bind(timers);
    const spy = vi.spyOn(timers, 'fire').mockImplementation((id) => {
      if (id === broken) throw new Error('the test broke it');
      return fire(id);
    });
    time.pass('2d');

    await eventually(
      () => timesOf(app, sound, 'step.reminded'),
      (count) => count === 1,
    );
    const [first] = await eventually(
      () => timersOf(app, broken),
      ([timer]) => timer?.failures === 1,
    );
    expect(first?.run).toBe(time.now() + 5_000);
    time.pass('5s');
    const [second] = await eventually(
      () => timersOf(app, broken),
      ([timer]) => timer?.failures === 2,
    );
    expect(second?.run).toBe(time.now() + 10_000);
    const scraped = await (await fetch(`${app.url}/metrics`)).text();
    expect(scraped).toMatch(/countersign_timers_due [1-9]/);
    expect(scraped).toMatch(/countersign_timer_failures_total [2-9]/);
    spy.mockRestore();
    time.pass('10s');
    await eventually(
      () => timesOf(app, broken, 'step.reminded'),
      (count) => count === 1,
    );
    expect(await (await fetch(`${app.url}/metrics`)).text()).toMatch(/countersign_timers_fired_total [1-9]/);
  });

  it('of which the order itself knows nothing are not looked at every second', async () => {
    const id = await open(app, { due: '1d' });
    await app.as(ann).post(`/orders/${id}/withdraw`);
    await app
      .get(UnitOfWork)
      .run((tx) =>
        tx.run(
          'INSERT INTO dms_s_apply_timer (apply_order_id, apply_step, name, due_at, run_at, failures) VALUES (?, 1, ?, ?, ?, 0)',
          [id, 'due', time.now(), time.now()],
        ),
      );

    const [row] = await eventually(
      () => timersOf(app, id),
      ([timer]) => timer?.failures === 1,
    );

    expect(row?.run).toBe(time.now() + 5_000);
  });

  describe('POST /calendars/{code}/recompute', () => {
    const allDay = [['00:00', '24:00']];
    const always = {
      name: 'always',
      timeZone: 'UTC',
      weekly: { mon: allDay, tue: allDay, wed: allDay, thu: allDay, fri: allDay, sat: allDay, sun: allDay },
    };
    const put = async (code: string, more: object = {}, client = app.as(boss)): Promise<void> => {
      expect((await client.put(`/calendars/${code}`, { ...always, ...more })).status).toBe(200);
    };

    it('reckons anew when the open steps are due that run by the calendar', async () => {
      await put('moving');
      await put('moving-not');
      const id = await open(app, { calendar: 'moving', due: '1d' });
      const other = await open(app, { calendar: 'moving-not', due: '1d' });
      const due = time.now() + day;
      const holiday = new Date(time.now()).toISOString().slice(0, 10);
      const recompute = async (): Promise<unknown> => {
        const { status, body } = await app.as(boss).post('/calendars/moving/recompute');
        expect(status).toBe(200);
        return body.items;
      };
      const answer = (outcome: string, dueAt: number): unknown => [
        { orderId: id, outcome, dueAt: new Date(dueAt).toISOString(), problem: null },
      ];
      expect(await recompute()).toEqual(answer('unchanged', due));

      await put('moving', { holidays: [holiday] });
      const tomorrow = Date.parse(`${holiday}T00:00:00Z`) + day;
      expect((await timersOf(app, id))[0]?.due).toBe(due);
      expect(await recompute()).toEqual(answer('recomputed', tomorrow + day));

      expect((await timersOf(app, id)).map((timer) => timer.due)).toEqual([tomorrow + day]);
      expect((await timersOf(app, other))[0]?.due).toBe(due);
      expect(await timesOf(app, id, 'step.clock_set')).toBe(1);
    });

    it('of the platform is for teams that have none of that code', async () => {
      const root = app.as({ sub: 'root', roles: ['system_admin'] });
      await put('shared', {}, root);
      const id = await open(app, { calendar: 'shared', due: '1d' });
      const ids = async (query = ''): Promise<string[]> => {
        const { body } = await root.post(`/calendars/shared/recompute${query}`);
        return body.items.map((item: { orderId: string }) => item.orderId);
      };
      expect(await ids()).toEqual([id]);
      expect(await ids('?accCode=t1')).toEqual([id]);
      expect(await ids('?accCode=t2')).toEqual([]);

      await put('shared');

      expect(await ids()).toEqual([]);
      expect(await ids('?accCode=t1')).toEqual([id]);
    });

    it('is for administrators, of a calendar that exists', async () => {
      await put('guarded');
      expect((await app.as(ann).post('/calendars/guarded/recompute')).status).toBe(403);
      expect((await app.as(boss).post('/calendars/nothing/recompute')).status).toBe(404);
    });
  });
});
