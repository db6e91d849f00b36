import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fay, givenCrew, gus, openActing } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { boss, dave, givenFlow, root, type StageGiven } from '../support/world.js';

/** Somebody inactive is never the only one who is asked, also when they become so after the step has opened. */
describe('a step whose last reviewer goes', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await givenCrew(app);
  });

  afterAll(() => app.close());

  const given = () => directoryOf(app.as(root));

  const opened = async (node: StageGiven, next: readonly StageGiven[] = []) => {
    const { businessType } = await givenFlow(app, [node, ...next]);
    return openActing(app, businessType);
  };

  it.each(['any', 'all'] as const)(
    'given mode %s and a fallback, when the only reviewer becomes inactive, then the fallback is asked',
    async (mode) => {
      await given().user('bob', { active: true });
      const acting = await opened({
        users: ['bob'],
        mode,
        node: { whenNobody: 'fallback', fallback: ['dave'] },
      });
      await given().user('bob', { active: false });
      await expect.poll(() => acting.turns()).toEqual(['dave']);
      expect((await acting.does(dave, 'approve')).applyStatus).toBe('completed');
      await given().user('bob', { active: true });
    },
  );

  it('given a group that empties, and skip, then the step is skipped and the next one opens', async () => {
    await given().group('duty', ['bob']);
    const acting = await opened({ groups: ['duty'], node: { whenNobody: 'skip' } }, [{ users: ['carol'] }]);
    expect(await acting.turns()).toEqual(['bob']);
    await given().group('duty', []);
    await expect.poll(() => acting.path()).toEqual(['skipped', 'in_review']);
    expect(await acting.turns()).toEqual(['carol']);
  });

  it('given admin, then the administrators of the team are asked', async () => {
    const acting = await opened({ users: ['carol'], mode: 'all', node: { whenNobody: 'admin' } });
    await given().user('carol', { active: false });
    await expect
      .poll(async () => (await app.as(boss).get(`/orders/${acting.id}/can-act`)).body.canAct)
      .toBe(true);
    await given().user('carol', { active: true });
    expect((await acting.does(boss, 'approve')).applyStatus).toBe('completed');
  });

  it('given a leader whose successor is named, then the successor is asked', async () => {
    await given().department('sales', { leader: 'bob' });
    await given().user('ann', { department: 'sales' });
    const acting = await opened({ node: { auditObjectType: 'leader', auditObject: ['1'] } });
    expect(await acting.turns()).toEqual(['bob']);
    await given().department('sales', { leader: 'fay' });
    await given().user('bob', { active: false });
    await expect.poll(() => acting.turns()).toEqual(['fay']);
    await given().user('bob', { active: true });
  });

  it('given refuse, then the order waits for an administrator, and for whoever comes back', async () => {
    const acting = await opened({ users: ['gus'] });
    await given().user('gus', { active: false });
    await expect.poll(() => acting.turns()).toEqual([]);
    await given().user('gus', { active: true });
    await expect.poll(() => acting.turns()).toEqual(['gus']);
  });

  it.each([
    { who: { users: ['ann'] }, asks: ['dave'] },
    { who: { groups: ['alone'] }, asks: ['dave'] },
    { who: { groups: ['both'] }, asks: ['bob'] },
  ])('given never, when only the applicant is left of $who, then that is nobody', async ({ who, asks }) => {
    await given().group('alone', ['ann']);
    await given().group('both', ['ann', 'bob']);
    const stage = { ...who, node: { whenNobody: 'fallback', fallback: ['dave'] } };
    const { businessType } = await givenFlow(app, [stage], { autoApprove: 'never' });
    const acting = await openActing(app, businessType);
    expect(await acting.turns()).toEqual(asks);
    await given().group('both', ['ann']);
    await expect.poll(() => acting.turns()).toEqual(['dave']);
  });

  it('given a reviewer who became inactive while somebody signed before, then the policy applies when it is their turn', async () => {
    const acting = await opened({ users: ['fay'], node: { whenNobody: 'skip' } });
    await acting.does(fay, 'add-sign', { userCodes: ['gus'], position: 'before' });
    await given().user('fay', { active: false });
    await acting.does(gus, 'approve');
    await expect.poll(() => acting.path()).toEqual(['skipped']);
    await given().user('fay', { active: true });
  });

  it('given all that, then every log rebuilds its order', async () => {
    expect((await historiesOf(app.database)).length).toBeGreaterThan(4);
  });
});
