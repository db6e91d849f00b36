import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeTold, givenCrew, openActing, recounted } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { bob, carol, dave, givenFlow, root } from '../support/world.js';

/** Somebody whose turn it is not, since others come first, is no longer there: nobody waits for them, nor for those others. */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
});
afterAll(() => closeTold(app));

describe('a reviewer who has asked for an opinion', () => {
  it.each([
    ['leaves the group', 'all', () => given.group('askers', ['dave'])],
    ['leaves the group of a sequence', 'sequential', () => given.group('askers', ['dave'])],
    ['becomes inactive', 'all', () => given.user('bob', { active: false })],
  ] as const)('and %s, then the others are asked, and the opinion is not', async (_, mode, goes) => {
    await given.user('bob', { active: true });
    await given.group('askers', ['bob', 'dave']);
    const { businessType } = await givenFlow(app, [{ groups: ['askers'], mode }]);
    const order = await openActing(app, businessType);
    await order.does(bob, 'delegate', { toUserCode: 'carol' });

    await goes();
    await recounted(app);

    expect(await order.turns()).toEqual(['dave']);
    expect(await order.refuses(carol, 'approve')).toBe('403 forbidden');
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });

  it('and is the only one, then the order is not kept waiting by an opinion that nobody may give', async () => {
    await given.group('askers', ['bob']);
    await given.user('bob', { active: true });
    const stage = { groups: ['askers'], mode: 'all', node: { whenNobody: 'admin' } } as const;
    const { businessType } = await givenFlow(app, [stage]);
    const order = await openActing(app, businessType);
    await order.does(bob, 'delegate', { toUserCode: 'carol' });

    await given.user('bob', { active: false });
    await recounted(app);

    expect(await order.turns()).toEqual([]);
    expect(await order.refuses(carol, 'approve')).toBe('403 forbidden');
    expect((await order.does(root, 'approve')).applyStatus).toBe('completed');
  });
});

describe('a reviewer who waits for a signer added before', () => {
  it('and leaves the group, then it is not their turn when the signer is taken out', async () => {
    await given.user('bob', { active: true });
    await given.group('askers', ['bob', 'dave']);
    const { businessType } = await givenFlow(app, [{ groups: ['askers'], mode: 'all' }]);
    const order = await openActing(app, businessType);
    await order.does(bob, 'add-sign', { userCodes: ['carol'], position: 'before' });
    await given.group('askers', ['dave']);
    expect(await order.turns()).toEqual(['carol']);

    await order.does(bob, 'remove-sign', { userCodes: ['carol'] });
    await recounted(app);

    expect(await order.turns()).toEqual(['dave']);
    expect((await order.does(dave, 'approve')).applyStatus).toBe('completed');
  });
});
