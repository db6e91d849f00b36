import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeTold, givenCrew, openActing } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, carol, givenFlow, root } from '../support/world.js';

/** Somebody inactive decides nothing: their to-do list says the same as `can-act`. */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
});
afterAll(() => closeTold(app));

describe('the to-do list of somebody inactive', () => {
  it.each([
    ['named on the step', { users: ['bob', 'carol'] }],
    ['in its group', { groups: ['desk'] }],
  ])('given that they are %s, then it is empty until they are active again', async (_, stage) => {
    await given.group('desk', ['bob', 'carol']);
    const { businessType } = await givenFlow(app, [stage]);
    const order = await openActing(app, businessType);

    await given.user('bob', { active: false });

    expect(await order.turns()).toEqual(['carol']);
    expect((await app.as(bob).get('/orders?scope=todo&applyStatus=in_review')).body.items).toEqual([]);
    await given.user('bob', { active: true });
    expect(await order.turns()).toEqual(['bob', 'carol']);
    await order.does(bob, 'approve');
  });

  it('given a signer added before, when they have signed, then it does not hold what was named', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob', 'dave'] }]);
    const order = await openActing(app, businessType);
    await order.does(bob, 'add-sign', { userCodes: ['carol'], position: 'before' });
    await given.user('bob', { active: false });

    await order.does(carol, 'approve');

    expect(await order.turns()).toEqual(['dave']);
    await given.user('bob', { active: true });
    await order.does(bob, 'approve');
  });

  it('given their own order that was returned, then it still holds that', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }]);
    const order = await openActing(app, businessType);
    await order.does(bob, 'return', { toStep: 0 });
    await given.user('ann', { active: false });

    expect(await order.turns()).toEqual(['ann']);
    await given.user('ann', { active: true });
    await order.does(ann, 'withdraw');
  });
});
