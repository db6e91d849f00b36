import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeTold, givenCrew, openActing } from '../support/acting.js';
import { type BusinessModule, type Reply, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { startApp, type TestApp } from '../support/harness.js';
import { ann, bob, boss, created, dave, givenFlow } from '../support/world.js';

let app: TestApp;
let system: BusinessModule;
/** Whom the business system names just now. */
let reviewers: readonly string[] = [];
let asked = 0;

beforeAll(async () => {
  app = await startApp({ env: callbackSettings });
  await givenCrew(app);
  system = await startBusinessModule((): Reply => {
    asked += 1;
    return { status: 200, body: { user_codes: reviewers } };
  });
});
afterAll(async () => {
  await closeTold(app);
  await system.close();
});

async function move(templateId: string, id: string, dryRun: boolean) {
  const body = { orderIds: [id], dryRun };
  const answer = await app.as(boss).post(`/templates/${templateId}/move-orders`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.items[0];
}

describe('moving orders whose people are found by rules', () => {
  it('given a node that a resolver answers for now, then a dry run asks nobody, and the move asks before it', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [
      { users: ['bob'] },
      { users: ['dave'] },
    ]);
    const order = await openActing(app, businessType);
    const resolver = { auditObjectType: 'resolver', auditObject: [`${system.url}/resolve?key=hidden`] };
    await app.as(boss).patch(`/nodes/${nodeIds[0]}`, resolver);
    reviewers = ['gus'];
    asked = 0;
    expect(await move(templateId, order.id, true)).toMatchObject({ outcome: 'moves', reopened: true });
    expect(asked).toBe(0);
    expect(await move(templateId, order.id, false)).toMatchObject({ outcome: 'moves', reopened: true });
    expect(asked).toBe(1);
    expect((await order.order()).steps[0]?.assignees.map(({ userCode }) => userCode)).toEqual(['gus']);
    // A resolver's address may hold a key: nobody reads it in the log, whether its step is open or still ahead.
    await app.as(boss).patch(`/nodes/${nodeIds[1]}`, resolver);
    expect(await move(templateId, order.id, false)).toMatchObject({ outcome: 'moves', reopened: false });
    const log = await app.as(ann).get(`/orders/${order.id}/logs?limit=100`);
    expect(JSON.stringify(log.body)).toContain('order.moved');
    expect(JSON.stringify(log.body)).not.toContain('hidden');
  });

  it('given that it names nobody, then the order conflicts and stays as it is', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [{ users: ['bob'] }]);
    const order = await openActing(app, businessType);
    const resolver = { auditObjectType: 'resolver', auditObject: [`${system.url}/resolve?key=hidden`] };
    await app.as(boss).patch(`/nodes/${nodeIds[0]}`, resolver);
    reviewers = [];
    expect(await move(templateId, order.id, false)).toMatchObject({
      outcome: 'conflict',
      reason: 'approver_not_found',
    });
    expect(await order.turns()).toEqual(['bob']);
    expect((await order.order()).version).toBe(1);
  });

  it('given whom the applicant has chosen, then they stay chosen; a new choice nobody has made conflicts', async () => {
    const choice = { auditObjectType: 'applicant_choice', auditObject: ['carol', 'dave'] };
    const { businessType, templateId, nodeIds } = await givenFlow(app, [
      { users: ['bob'] },
      { node: choice },
    ]);
    const order = await openActing(app, businessType, { chosenApprovers: ['carol'] });
    const change = async (...nodes: readonly (string | undefined)[]) => {
      const stages = nodes.map((nodeId) => ({ nodeId }));
      expect((await app.as(boss).patch(`/templates/${templateId}`, { stages })).status).toBe(200);
    };
    const plain = String(
      (
        await created(app.as(boss), '/nodes', {
          templateNodeName: 'x',
          auditObjectType: 'user',
          auditObject: ['dave'],
        })
      ).id,
    );
    await change(nodeIds[0], plain, nodeIds[1]);
    expect(await move(templateId, order.id, false)).toMatchObject({ outcome: 'moves' });
    await order.does(bob, 'approve');
    await order.does(dave, 'approve');
    expect(await order.turns()).toEqual(['carol']);
    const other = String((await created(app.as(boss), '/nodes', { templateNodeName: 'y', ...choice })).id);
    await change(nodeIds[0], nodeIds[1], other);
    expect(await move(templateId, order.id, false)).toMatchObject({
      outcome: 'conflict',
      reason: 'approver_not_found',
    });
  });

  it('given dedupe, then who has approved before is not asked anew where a step is opened by the move', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(
      app,
      [{ users: ['bob'] }, { users: ['dave'] }, { users: ['gus'] }],
      { dedupe: 'all' },
    );
    const order = await openActing(app, businessType);
    await order.does(bob, 'approve');
    await app.as(boss).patch(`/nodes/${nodeIds[1]}`, { auditObject: ['bob'] });
    expect(await move(templateId, order.id, false)).toMatchObject({
      outcome: 'moves',
      from: { applyStep: 2 },
      to: { stageNo: 3 },
    });
    expect(await order.path()).toEqual(['approved', 'auto_approved', 'in_review']);
  });

  it('given somebody who stands in, then they do so on the step that is opened anew', async () => {
    const { businessType, templateId, nodeIds } = await givenFlow(app, [{ users: ['bob'] }]);
    const order = await openActing(app, businessType);
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    await created(app.as(dave), '/delegations', { toUserCode: 'fay', endsAt });
    await app.as(boss).patch(`/nodes/${nodeIds[0]}`, { auditObject: ['dave'] });
    expect(await move(templateId, order.id, false)).toMatchObject({ outcome: 'moves', reopened: true });
    expect((await order.operations()).at(-1)).toBe('step.stood_in');
    expect(await order.turns()).toEqual(['fay']);
  });
});
