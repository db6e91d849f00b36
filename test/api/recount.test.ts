import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenCrew, openActing } from '../support/acting.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { bob, carol, dave, givenFlow, root } from '../support/world.js';

let app: TestApp;
let made = 0;

beforeAll(async () => {
  app = await startApp();
  await givenCrew(app);
});
afterAll(async () => {
  await historiesOf(app.database);
  await app.close();
});

/** Given an order that everybody of a group has to approve. */
async function underReviewBy(...members: readonly string[]) {
  const group = `recount-${++made}`;
  const directory = directoryOf(app.as(root));
  await directory.group(group, members);
  const { businessType } = await givenFlow(app, [{ groups: [group], mode: 'all' }, { users: ['fay'] }]);
  const order = await openActing(app, businessType);
  return { order, directory, leave: (...rest: readonly string[]) => directory.group(group, rest), group };
}

describe('when somebody leaves the group of an open step', () => {
  it('given that the others have approved, then the step passes without anybody acting', async () => {
    const { order, leave } = await underReviewBy('bob', 'carol', 'dave');
    await order.does(bob, 'approve');
    await order.does(carol, 'approve');
    await leave('bob', 'carol');
    const passed = await eventually(
      () => order.order(),
      (now) => now.steps[0]?.auditStatus === 'approved',
    );
    expect(passed.steps.map((step) => step.auditStatus)).toEqual(['approved', 'in_review']);
    expect((await order.operations()).slice(-3)).toEqual([
      'step.people_left',
      'step.passed',
      'step.in_review',
    ]);
  });

  it('given that others are still asked, then it leaves the to-do list of whoever left, and no more', async () => {
    const { order, leave } = await underReviewBy('bob', 'carol', 'dave');
    await leave('bob', 'carol');
    await eventually(
      () => order.order(),
      (now) => now.steps[0]?.requiredApprovals === 2,
    );
    expect(await order.turns()).toEqual(['bob', 'carol']);
    expect(await order.refuses(dave, 'approve')).toBe('403 forbidden');
  });

  it('given that they had approved, then the approval stays', async () => {
    const { order, leave } = await underReviewBy('bob', 'carol');
    await order.does(bob, 'approve');
    await leave('carol');
    await order.does(carol, 'approve');
    expect(await order.path()).toEqual(['approved', 'in_review']);
  });

  it('given somebody who becomes inactive, then they neither count nor block either', async () => {
    const { order, directory } = await underReviewBy('bob', 'gus');
    await order.does(bob, 'approve');
    await directory.user('gus', { active: false });
    await eventually(
      () => order.order(),
      (now) => now.steps[0]?.auditStatus === 'approved',
    );
    await directory.user('gus', { active: true });
    expect(await order.path()).toEqual(['approved', 'in_review']);
  });
});
