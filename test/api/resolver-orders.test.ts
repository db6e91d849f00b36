import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actingOn, givenCrew, openActing } from '../support/acting.js';
import { type BusinessModule, type Reply, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { ann, bob, carol, created, dave, givenFlow, path, type StageGiven } from '../support/world.js';

let app: TestApp;
let system: BusinessModule;

/** Whom the business system names just now; null: it does not answer. */
let reviewers: readonly string[] | null = ['carol'];
let questions: { is_first: boolean; candidate: string | null; [more: string]: unknown }[] = [];

beforeAll(async () => {
  app = await startApp({ env: callbackSettings });
  await givenCrew(app);
  system = await startBusinessModule((call): Reply => {
    if (call.path === '/check') {
      return { status: 200, body: { ticket_id: call.ticket, result: true } };
    }
    const asked = call.body.data;
    questions.push(asked);
    if (reviewers === null) return { status: 500 };
    const named = asked.candidate === null ? reviewers : reviewers.filter((one) => one === asked.candidate);
    return { status: 200, body: { user_codes: named } };
  });
});
afterAll(async () => {
  await historiesOf(app.database);
  await app.close();
  await system.close();
});

const byResolver = (more: object = {}): StageGiven => ({
  node: { auditObjectType: 'resolver', auditObject: [`${system.url}/resolve?key=hidden`], ...more },
});

async function flow(stages: readonly StageGiven[], options: object = {}): Promise<string> {
  reviewers = ['carol'];
  questions = [];
  return (await givenFlow(app, stages, options)).businessType;
}

describe('a step whose reviewers the business system names', () => {
  it('asks when the order opens, and again whether this one may when somebody decides', async () => {
    const order = await openActing(app, await flow([byResolver()]), { variables: { amount: 5 } });
    expect(questions).toMatchObject([
      {
        is_first: true,
        candidate: null,
        ticket_id: null,
        user_code: 'ann',
        apply_step: 1,
        variables: { amount: 5 },
      },
    ]);
    expect(await order.refuses(bob, 'approve')).toBe('403 forbidden');
    const done = await order.does(carol, 'approve');
    expect(done.applyStatus).toBe('completed');
    expect(questions.at(-1)).toMatchObject({ is_first: false, candidate: 'carol', ticket_id: order.id });
  });

  it('given that it takes its word back, then whom it named before may not decide, and whom it names now may', async () => {
    const order = await openActing(app, await flow([byResolver()]));
    reviewers = ['dave'];
    expect(await order.refuses(carol, 'approve')).toBe('403 forbidden');
    expect((await app.as(carol).get(`/orders/${order.id}/can-act`)).body.canAct).toBe(false);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('given that it names nobody, or does not answer, then nothing is opened', async () => {
    const businessType = await flow([byResolver()]);
    for (const answer of [[], null]) {
      reviewers = answer;
      const refused = await app.as(ann).post('/orders', { businessType });
      expect([refused.status, refused.body.code]).toEqual([422, 'approver_not_found']);
      expect(JSON.stringify(refused.body)).not.toContain('hidden');
    }
    const orders = await app.as(ann).get(`/orders?businessType=${businessType}`);
    expect(orders.body.items).toEqual([]);
  });

  it('given a failure, then the step is neither skipped nor given to others', async () => {
    const skip = await flow([{ users: ['bob'] }, byResolver({ whenNobody: 'skip' })]);
    reviewers = [];
    const skipped = await openActing(app, skip);
    expect(path(await skipped.does(bob, 'approve'))).toEqual(['approved', 'skipped']);
    reviewers = ['carol'];
    const order = await openActing(app, skip);
    reviewers = null;
    expect(path(await order.does(bob, 'approve'))).toEqual(['approved', 'in_review']);
    expect(await order.refuses(carol, 'approve')).toBe('403 forbidden');
    reviewers = ['carol'];
    expect((await order.does(carol, 'approve')).applyStatus).toBe('completed');
  });

  it('asks when a later step opens, and shows whom it found', async () => {
    const order = await openActing(
      app,
      await flow([{ users: ['bob'] }, byResolver({ approvalMode: 'all' })]),
    );
    reviewers = ['carol', 'dave'];
    const opened = await order.does(bob, 'approve');
    expect(opened.steps[1]?.assignees.map((one) => one.userCode)).toEqual(['carol', 'dave']);
    expect(await order.turns()).toEqual(['carol', 'dave']);
    await order.does(carol, 'approve');
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('asks before the check is answered, so that the first step opens with its people', async () => {
    const businessType = await flow([byResolver()], { checkUrl: `${system.url}/check` });
    const { id } = await created(app.as(ann), '/orders', { businessType });
    const order = actingOn(app, String(id));
    await eventually(
      () => order.order(),
      ({ applyStatus }) => applyStatus === 'in_review',
    );
    expect(await order.turns()).toEqual(['carol']);
  });

  it('lets a seat change hands without asking for whom it was given to', async () => {
    const order = await openActing(app, await flow([byResolver()]));
    await order.does(carol, 'transfer', { toUserCode: 'dave' });
    expect(await order.refuses(carol, 'approve')).toBe('403 forbidden');
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('asks anew for a returned order that is resubmitted', async () => {
    const order = await openActing(app, await flow([byResolver()]));
    await order.does(carol, 'return', { toStep: 0 });
    reviewers = ['dave'];
    await order.does(ann, 'resubmit', { variables: { amount: 9 } });
    expect(questions.at(-1)).toMatchObject({ is_first: true, variables: { amount: 9 } });
    expect(await order.turns()).toEqual(['dave']);
  });

  it('shows its address to nobody who reads an order, its log or a preview', async () => {
    const businessType = await flow([byResolver()]);
    const order = await openActing(app, businessType);
    const shown = [
      await app.as(ann).get(`/orders/${order.id}`),
      await app.as(ann).get(`/orders/${order.id}/logs`),
      await app.as(ann).post('/orders/preview', { businessType }),
    ];
    expect(shown.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(JSON.stringify(shown)).not.toContain('hidden');
  });
});
