import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SharedClock } from '../../src/database/shared-clock.js';
import { OrderTimersService } from '../../src/orders/order-timers.service.js';
import { givenCrew, openActing, type Acting } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, dave, givenFlow, root } from '../support/world.js';

const minute = 60_000;
const hour = 60 * minute;

describe('steps that are due', () => {
  let app: TestApp;
  /** What the replicas take for now. */
  let now = Date.parse('2026-11-23T01:00:00Z');

  beforeAll(async () => {
    app = await startApp();
    app.get(SharedClock).now = () => Promise.resolve(now);
    await givenCrew(app);
    const given = directoryOf(app.as(root));
    await given.department('top', { leader: 'gus' });
    await given.department('sales', { parent: 'top', leader: 'fay' });
    await given.user('bob', { department: 'sales' });
  });

  afterAll(() => app.close());

  const passes = (milliseconds: number): void => {
    now += milliseconds;
  };

  const details = async ({ id }: Acting): Promise<string[]> => {
    const { body } = await app.as(root).get(`/orders/${id}/logs?limit=100`);
    return (body.items as { operation: string }[]).map((row) => row.operation);
  };

  const times = async (acting: Acting, operation: string): Promise<number> =>
    (await details(acting)).filter((one) => one === operation).length;

  it('given reminders before and after, then each comes once, and the order waits on', async () => {
    const timing = { due: '2h', remindBefore: ['30m'], remindAfter: ['1h'] };
    const { businessType } = await givenFlow(app, [{ users: ['bob'], timing }]);
    const acting = await openActing(app, businessType);
    const { body } = await app.as(ann).get(`/orders/${acting.id}`);
    expect(Date.parse(body.steps[0].dueAt)).toBe(now + 2 * hour);
    passes(90 * minute);
    await expect.poll(() => times(acting, 'step.reminded'), { timeout: 8_000 }).toBe(1);
    passes(30 * minute);
    await expect.poll(() => times(acting, 'step.reminded'), { timeout: 8_000 }).toBe(2);
    passes(hour);
    await expect.poll(() => times(acting, 'step.reminded'), { timeout: 8_000 }).toBe(3);
    passes(1_000 * hour);
    expect(await app.get(OrderTimersService).fire(acting.id)).toBe(false);
    expect(await times(acting, 'step.reminded')).toBe(3);
    expect(await acting.path()).toEqual(['in_review']);
    expect((await acting.does(bob, 'approve')).applyStatus).toBe('completed');
  });

  it('given auto_reject, or auto_approve, then the step is decided by its due time, and the next one opens', async () => {
    const approving = { due: '1h', then: 'auto_approve' };
    const rejecting = { due: '1h', then: 'auto_reject' };
    const { businessType } = await givenFlow(app, [
      { users: ['bob'], timing: approving },
      { users: ['carol'], timing: rejecting },
    ]);
    const acting = await openActing(app, businessType);
    passes(hour);
    await expect.poll(() => acting.path(), { timeout: 8_000 }).toEqual(['auto_approved', 'in_review']);
    passes(hour);
    await expect.poll(() => acting.path(), { timeout: 8_000 }).toEqual(['auto_approved', 'rejected']);
    const order = await acting.order();
    expect(order.applyStatus).toBe('rejected');
    expect(order.steps.map((step) => step.reason)).toEqual(['timed_out', 'timed_out']);
  });

  it('given escalation in levels, then one leader after the other may decide, and does', async () => {
    const timing = { due: '1h', then: 'escalate', levels: 2, every: '1h' };
    const { businessType } = await givenFlow(app, [{ users: ['bob', 'carol'], mode: 'all', timing }]);
    const acting = await openActing(app, businessType);
    passes(hour);
    await expect.poll(() => acting.turns(), { timeout: 8_000 }).toEqual(['bob', 'carol', 'fay']);
    passes(hour);
    await expect.poll(() => acting.turns(), { timeout: 8_000 }).toEqual(['bob', 'carol', 'fay', 'gus']);
    const decided = await acting.does({ sub: 'gus', acc_code: 't1' }, 'approve');
    expect(decided).toMatchObject({ applyStatus: 'completed', steps: [{ auditUserCode: 'gus' }] });
    expect(await times(acting, 'step.escalated')).toBe(2);
  });

  it('given an order that is returned, then its time stands still, and goes on with what was left', async () => {
    const timing = { due: '1h', then: 'auto_approve' };
    const { businessType } = await givenFlow(app, [{ users: ['bob'], timing }]);
    const acting = await openActing(app, businessType);
    passes(40 * minute);
    await acting.does(bob, 'return', { toStep: 0 });
    passes(1_000 * hour);
    expect(await app.get(OrderTimersService).fire(acting.id)).toBe(false);
    expect((await acting.order()).applyStatus).toBe('initiating');
    await acting.does(ann, 'resubmit', {});
    const { body } = await app.as(ann).get(`/orders/${acting.id}`);
    expect(Date.parse(body.steps[0].dueAt)).toBe(now + 20 * minute);
    passes(20 * minute);
    await expect.poll(() => acting.path(), { timeout: 8_000 }).toEqual(['auto_approved']);
  });

  it('given a reviewer who waits for an opinion, then the time stands still meanwhile', async () => {
    const timing = { due: '1h', then: 'auto_reject' };
    const { businessType } = await givenFlow(app, [{ users: ['bob'], timing }]);
    const acting = await openActing(app, businessType);
    passes(30 * minute);
    await acting.does(bob, 'delegate', { toUserCode: 'dave' });
    expect((await app.as(ann).get(`/orders/${acting.id}`)).body.steps[0].dueAt).toBeNull();
    passes(10 * hour);
    await acting.does(dave, 'approve', { auditMsg: 'fine' });
    const { body } = await app.as(ann).get(`/orders/${acting.id}`);
    expect(Date.parse(body.steps[0].dueAt)).toBe(now + 30 * minute);
    await acting.does(bob, 'approve');
  });

  it('given a rejection that is reopened, then the step has its time anew', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'], timing: { due: '1h' } }]);
    const acting = await openActing(app, businessType);
    passes(50 * minute);
    await acting.does(bob, 'reject');
    passes(10 * hour);
    const { body } = await acting.act(bob, 'reopen');
    expect(Date.parse(body.steps[0].dueAt)).toBe(now + hour);
    await acting.does(bob, 'approve');
  });

  it('given a calendar, then only working time counts, also after it was changed', async () => {
    const office = {
      name: 'Office',
      timeZone: 'Asia/Shanghai',
      weekly: Object.fromEntries(
        ['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [['09:00', '17:00']]]),
      ),
    };
    expect((await app.as(root).put('/calendars/office', { ...office, accCode: 't1' })).status).toBe(200);
    const timing = { due: '2d', calendar: 'office' };
    const { businessType } = await givenFlow(app, [{ users: ['bob'], timing }]);
    // Thursday noon in Shanghai.
    now = Date.parse('2026-12-03T04:00:00Z');
    const acting = await openActing(app, businessType);
    const dueAt = async (): Promise<string> =>
      (await app.as(ann).get(`/orders/${acting.id}`)).body.steps[0].dueAt as string;
    expect(await dueAt()).toBe('2026-12-07T04:00:00.000Z');
    await app.as(root).put('/calendars/office', { ...office, accCode: 't1', holidays: ['2026-12-04'] });
    const { body } = await app.as(root).post('/calendars/office/recompute?accCode=t1');
    expect(body.items).toEqual([expect.objectContaining({ orderId: acting.id, outcome: 'recomputed' })]);
    expect(await dueAt()).toBe('2026-12-08T04:00:00.000Z');
    await acting.does(bob, 'approve');
  });

  it('given all that, then every log rebuilds its order', async () => {
    expect((await historiesOf(app.database)).length).toBeGreaterThan(4);
  });
});
