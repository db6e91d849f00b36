import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { StuckMetrics } from '../../src/stuck/stuck.metrics.js';
import { type Acting, closeTold, givenCrew, openActing, recounted } from '../support/acting.js';
import {
  agree,
  answerStatus,
  type BusinessModule,
  startBusinessModule,
  takeOver,
} from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { deliveryIn } from '../support/callbacks.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp, type TestUser } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, created, dave, eve, givenFlow, rival, root } from '../support/world.js';

// Orders that go no further by themselves, and what frees them.

let app: TestApp;
let module: BusinessModule;
let made = 0;

beforeAll(async () => {
  app = await startApp({
    env: { ...callbackSettings, CALLBACK_RETRY_SCHEDULE: '10ms', STUCK_AFTER: '2d' },
  });
  module = await startBusinessModule();
  await givenCrew(app);
});
afterAll(async () => {
  await closeTold(app);
  await module.close();
});

interface ActionShown {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly who: string;
  readonly text: string;
  readonly textZh: string;
}

interface StuckShown {
  readonly reason: string;
  readonly applyStep: number | null;
  readonly detail: string;
  readonly detailZh: string;
  readonly since: string;
  readonly actions: readonly ActionShown[];
}

/** The stuck orders as somebody sees them, by id. */
async function stuckFor(who: TestUser, query = ''): Promise<Map<string, readonly StuckShown[]>> {
  const { status, body } = await app.as(who).get(`/orders?scope=stuck&limit=100${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return new Map(body.items.map((item: { id: string; stuck: StuckShown[] }) => [item.id, item.stuck]));
}

const reasonsOf = async (id: string, who: TestUser = boss): Promise<string[] | undefined> =>
  (await stuckFor(who)).get(id)?.map(({ reason }) => reason);

/** What holds an order, which is one thing. */
async function because(id: string): Promise<StuckShown> {
  const [one, ...more] = (await stuckFor(boss)).get(id) ?? [];
  expect(more).toEqual([]);
  if (!one) throw new Error('it is not stuck');
  return one;
}

const admins: Readonly<Record<string, TestUser>> = { system_admin: root, team_admin: boss, applicant: ann };

/** Does as an action says, with what the test fills in. */
async function carryOut(action: ActionShown, filled: object = {}, reviewer?: TestUser): Promise<void> {
  const who = action.who === 'reviewer' ? reviewer : admins[action.who];
  if (!who) throw new Error(action.who);
  const client = app.as(who);
  const body = { ...action.body, ...filled };
  const answer = await (action.method === 'PUT'
    ? client.put(action.path, body)
    : client.post(action.path, body));
  expect(answer.status, `${action.path}: ${JSON.stringify(answer.body)}`).toBe(200);
}

/** What an action is called in these tests: its command, or what it writes. */
const named = ({ method, path, who, body }: ActionShown): string =>
  [
    method === 'PUT' ? path.split('/')[2] : path.split('/').at(-1),
    ...(typeof body?.applyStatus === 'string' ? [body.applyStatus] : []),
    who,
  ].join(' ');

function the(stuck: StuckShown, name: string): ActionShown {
  const action = stuck.actions.find((one) => named(one) === name);
  if (!action) throw new Error(`${name} is none of ${stuck.actions.map(named).join(', ')}`);
  return action;
}

const newcomer = async (about: object = {}): Promise<TestUser> => {
  const sub = `stuck-user-${++made}`;
  await directoryOf(app.as(root)).user(sub, about);
  return { sub, acc_code: 't1' };
};
const deactivate = ({ sub }: TestUser): Promise<void> =>
  directoryOf(app.as(root)).user(sub, { active: false });

/** Given an order whose only reviewer became inactive while it waited. */
async function waitingForInactive(): Promise<{ order: Acting; reviewer: TestUser }> {
  const reviewer = await newcomer();
  const { businessType } = await givenFlow(app, [{ users: [reviewer.sub] }]);
  const order = await openActing(app, businessType, { businessKey: `key-${made}` });
  await deactivate(reviewer);
  return { order, reviewer };
}

/** Given an order that asks a group, which lost its last member while it waited. */
async function waitingForEmptyGroup(...members: string[]): Promise<{ order: Acting; group: string }> {
  const group = `stuck-group-${++made}`;
  const { group: put } = directoryOf(app.as(root));
  await put(group, ['bob']);
  const { businessType } = await givenFlow(app, [{ groups: [group] }]);
  const order = await openActing(app, businessType);
  await put(group, members);
  return { order, group };
}

describe('an order that goes its way', () => {
  it('should not be listed while somebody can decide, nor after its end', async () => {
    const { businessType } = await givenFlow(app, [{ users: ['bob', 'carol'] }, { groups: ['stuck-open'] }]);
    await directoryOf(app.as(root)).group('stuck-open', ['dave']);
    const order = await openActing(app, businessType);
    expect(await reasonsOf(order.id)).toBeUndefined();
    await order.does(bob, 'approve');
    expect(await reasonsOf(order.id)).toBeUndefined();
    await order.does(dave, 'approve');
    expect(await reasonsOf(order.id)).toBeUndefined();
  });

  it('should not be listed while it waits for somebody whom the directory does not list, or another team calls inactive', async () => {
    const other = `stuck-other-${++made}`;
    const { businessType } = await givenFlow(app, [{ users: [`unlisted-${made}`] }]);
    const unlisted = await openActing(app, businessType);
    expect(await reasonsOf(unlisted.id)).toBeUndefined();
    const { businessType: second } = await givenFlow(app, [{ users: [other] }]);
    const order = await openActing(app, second);
    await directoryOf(app.as(root)).user(other, { accCode: 't2', active: false });
    expect(await reasonsOf(order.id)).toBeUndefined();
    await directoryOf(app.as(root)).user(other, { accCode: 't1', active: false });
    expect(await reasonsOf(order.id)).toEqual(['everyone_inactive']);
  });

  it('should not be listed while system administrators are asked', async () => {
    await created(app.as(boss), '/business-types', { code: 'stuck-default', name: 'default' });
    const order = await openActing(app, 'stuck-default');
    expect(await reasonsOf(order.id)).toBeUndefined();
  });
});

describe('everyone_inactive', () => {
  it('should tell who is inactive and what frees the order', async () => {
    const { order, reviewer } = await waitingForInactive();
    await recounted(app);
    const stuck = await because(order.id);
    expect(stuck).toMatchObject({ reason: 'everyone_inactive', applyStep: 1 });
    expect(stuck.detail).toContain(reviewer.sub);
    expect(stuck.detailZh).toContain(reviewer.sub);
    expect(stuck.actions.map(named)).toEqual([
      'transfer system_admin',
      'approve system_admin',
      'reject system_admin',
      'users team_admin',
      'handover team_admin',
      'withdraw applicant',
    ]);
    for (const { text, textZh } of stuck.actions)
      expect([text.length > 9, textZh.length > 5]).toEqual([true, true]);
  });

  it.each<[string, object]>([
    ['transfer system_admin', { toUserCode: 'carol' }],
    ['approve system_admin', {}],
    ['reject system_admin', {}],
    ['users team_admin', {}],
    ['handover team_admin', { toUserCode: 'carol' }],
    ['withdraw applicant', {}],
  ])('should end by: %s', async (name, filled) => {
    const { order } = await waitingForInactive();
    await carryOut(the(await because(order.id), name), filled);
    expect(await reasonsOf(order.id)).toBeUndefined();
  });

  it('should keep what else the directory knows of whoever becomes active again', async () => {
    const reviewer = await newcomer({ email: 'r@example.com', roles: ['team_admin'], department: 'fin' });
    const { businessType } = await givenFlow(app, [{ users: [reviewer.sub] }]);
    const order = await openActing(app, businessType);
    const before = (await app.as(root).get(`/directory/users/${reviewer.sub}`)).body;
    await directoryOf(app.as(root)).user(reviewer.sub, {
      email: 'r@example.com',
      roles: ['team_admin'],
      department: 'fin',
      active: false,
    });
    await carryOut(the(await because(order.id), 'users team_admin'));
    const after = (await app.as(root).get(`/directory/users/${reviewer.sub}`)).body;
    expect(after).toEqual({ ...before, updateTime: after.updateTime });
  });

  it('should hold for members of groups and holders of roles too', async () => {
    const member = await newcomer();
    const { order } = await waitingForEmptyGroup(member.sub);
    expect(await reasonsOf(order.id)).toBeUndefined();
    await deactivate(member);
    expect((await because(order.id)).reason).toBe('everyone_inactive');
    const role = `stuck-role-${++made}`;
    const holder = await newcomer({ roles: [role] });
    const { businessType } = await givenFlow(app, [{ roles: [role] }]);
    const asking = await openActing(app, businessType);
    await directoryOf(app.as(root)).user(holder.sub, { roles: [role], active: false });
    const stuck = await because(asking.id);
    expect(stuck.reason).toBe('everyone_inactive');
    await carryOut(the(stuck, 'users team_admin'));
    expect(await reasonsOf(asking.id)).toBeUndefined();
  });
});

describe('nobody_asked', () => {
  it.each<[string, object]>([
    ['transfer system_admin', { toUserCode: 'carol' }],
    ['approve system_admin', {}],
    ['reject system_admin', {}],
    ['withdraw applicant', {}],
  ])('should hold for a group without members, until: %s', async (name, filled) => {
    const { order, group } = await waitingForEmptyGroup();
    const stuck = await because(order.id);
    expect([stuck.reason, stuck.applyStep]).toEqual(['nobody_asked', 1]);
    expect(stuck.detail).toMatch(new RegExp(`: nobody is in group ${group}\\.$`));
    expect(stuck.detailZh).toMatch(new RegExp(`：用户组 ${group} 中没有人员。$`));
    await carryOut(the(stuck, name), filled);
    expect(await reasonsOf(order.id)).toBeUndefined();
  });

  it('should end when somebody joins the group, and the action is refused while it names nobody', async () => {
    const { order } = await waitingForEmptyGroup();
    const action = the(await because(order.id), 'groups team_admin');
    expect((await app.as(boss).put(action.path, action.body)).status).toBe(400);
    await carryOut(action, { members: ['carol'] });
    expect(await reasonsOf(order.id)).toBeUndefined();
    await order.does(carol, 'approve');
  });

  it('should count people of another team as nobody', async () => {
    await directoryOf(app.as(root)).user('eve', { accCode: 't2' });
    const { order } = await waitingForEmptyGroup(eve.sub);
    expect(await reasonsOf(order.id)).toEqual(['nobody_asked']);
  });

  it('should hold for a step whose people have all gone, and offer nothing that would not help', async () => {
    const group = `stuck-all-${++made}`;
    const directory = directoryOf(app.as(root));
    await directory.group(group, ['bob']);
    const { businessType } = await givenFlow(app, [{ users: ['carol'] }, { groups: [group], mode: 'all' }]);
    const order = await openActing(app, businessType);
    await directory.group(group, []);
    await order.does(carol, 'approve');
    const stuck = await because(order.id);
    expect([stuck.reason, stuck.applyStep]).toEqual(['nobody_asked', 2]);
    // its people were counted when it opened: nobody comes to it through the group any more
    expect(stuck.actions.map(named)).toEqual([
      'transfer system_admin',
      'approve system_admin',
      'reject system_admin',
      'withdraw applicant',
    ]);
    await carryOut(the(stuck, 'transfer system_admin'), { toUserCode: 'dave' });
    expect(await reasonsOf(order.id)).toBeUndefined();
  });
});

describe('nobody_eligible', () => {
  it('should hold where only the applicant is left under never', async () => {
    const group = `stuck-own-${++made}`;
    const directory = directoryOf(app.as(root));
    await directory.group(group, ['ann', 'bob']);
    const { businessType } = await givenFlow(app, [{ groups: [group] }], { autoApprove: 'never' });
    const order = await openActing(app, businessType);
    expect(await reasonsOf(order.id)).toBeUndefined();
    await directory.group(group, ['ann']);
    const stuck = await because(order.id);
    expect(stuck.reason).toBe('nobody_eligible');
    expect(stuck.detail).toContain('ann');
    await carryOut(the(stuck, 'groups team_admin'), { members: ['ann', 'carol'] });
    expect(await reasonsOf(order.id)).toBeUndefined();
  });
});

describe('a place that was given away', () => {
  it('should be no way back through the group', async () => {
    const group = `stuck-given-${++made}`;
    await directoryOf(app.as(root)).group(group, ['bob']);
    const taker = await newcomer();
    const { businessType } = await givenFlow(app, [{ groups: [group] }]);
    const order = await openActing(app, businessType);
    await order.does(bob, 'transfer', { toUserCode: taker.sub });
    expect(await reasonsOf(order.id)).toBeUndefined();
    await deactivate(taker);
    expect(await order.refuses(bob, 'approve')).toBe('403 forbidden');
    const stuck = await because(order.id);
    expect(stuck.reason).toBe('nobody_eligible');
    expect(stuck.detail).toContain('bob');
    await carryOut(the(stuck, 'users team_admin'));
    expect(await reasonsOf(order.id)).toBeUndefined();
  });
});

describe('delivery_parked', () => {
  const orderParked = async (kind: 'check' | 'execute') => {
    module.behave(answerStatus(500));
    const url = kind === 'check' ? { checkUrl: module.checkUrl } : { executeUrl: module.executeUrl };
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], url);
    const order = await openActing(app, businessType);
    if (kind === 'execute') await order.does(bob, 'approve');
    const { id: delivery } = await deliveryIn(app, order.id, kind, 'failed');
    return { order, delivery };
  };

  it.each<['check' | 'execute', string, object]>([
    ['check', 'redeliver team_admin', {}],
    ['check', 'abandon in_review team_admin', { reason: 'gone' }],
    ['check', 'abandon rejected team_admin', { reason: 'gone' }],
    ['check', 'withdraw applicant', {}],
    ['execute', 'redeliver team_admin', {}],
    ['execute', 'abandon completed team_admin', { reason: 'gone' }],
    ['execute', 'abandon rejected team_admin', { reason: 'gone' }],
  ])('should hold for a parked %s until: %s', async (kind, name, filled) => {
    const { order } = await orderParked(kind);
    const stuck = await because(order.id);
    expect([stuck.reason, stuck.applyStep]).toEqual(['delivery_parked', null]);
    expect(stuck.detail).toContain('500');
    expect(stuck.actions).toHaveLength(kind === 'check' ? 4 : 3);
    module.behave(agree);
    await carryOut(the(stuck, name), filled);
    await eventually(
      () => reasonsOf(order.id),
      (reasons) => reasons === undefined,
    );
  });

  it('should not hold for a check that the order no longer waits for', async () => {
    module.behave(answerStatus(500));
    const open = { checkUrl: module.checkUrl, failMode: 'open' };
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }], open);
    const order = await openActing(app, businessType);
    const { id: delivery } = await deliveryIn(app, order.id, 'check', 'abandoned');
    expect((await order.order()).applyStatus).toBe('in_review');
    // planted: no route leaves one behind
    await app
      .get(UnitOfWork)
      .run((tx) => tx.run(`UPDATE dms_s_apply_delivery SET state = 'failed' WHERE id = ?`, [delivery]));
    await order.does(bob, 'return', { toStep: 0 });
    expect((await order.order()).applyStatus).toBe('initiating');
    expect(await reasonsOf(order.id)).toBeUndefined();
    // asked once more, it waits for that answer, and not for the one that never came
    module.behave(takeOver);
    await order.does(ann, 'resubmit');
    expect((await order.order()).applyStatus).toBe('initiating');
    expect(await reasonsOf(order.id)).toBeUndefined();
  });

  it('should not hold for a parked notification', async () => {
    const { order, delivery } = await orderParked('check');
    await app
      .get(UnitOfWork)
      .run((tx) =>
        tx.run(`UPDATE dms_s_apply_delivery SET topic = 'notify.webhook' WHERE id = ?`, [delivery]),
      );
    expect(await reasonsOf(order.id)).toBeUndefined();
  });
});

describe('overdue', () => {
  const day = 86_400_000;
  /** Given an order that was due so many days ago. */
  const dueBefore = async (days: number): Promise<Acting> => {
    const { businessType } = await givenFlow(app, [{ users: ['bob'] }, { users: ['carol'] }]);
    const order = await openActing(app, businessType);
    await app
      .get(UnitOfWork)
      .run((tx) =>
        tx.run(
          'UPDATE dms_s_apply_order_process SET due_at = ? WHERE apply_order_id = ? AND apply_step = 1',
          [Date.now() - days * day, order.id],
        ),
      );
    return order;
  };

  it.each<[string]>([
    ['approve reviewer'],
    ['reject reviewer'],
    ['approve system_admin'],
    ['reject system_admin'],
    ['withdraw applicant'],
  ])('should hold beyond the limit until: %s', async (name) => {
    const order = await dueBefore(2.5);
    const stuck = await because(order.id);
    expect([stuck.reason, stuck.applyStep]).toEqual(['overdue', 1]);
    await carryOut(the(stuck, name), {}, bob);
    expect(await reasonsOf(order.id)).toBeUndefined();
  });

  it('should offer to urge, as long as that is possible, and not hold before the limit', async () => {
    expect(await reasonsOf((await dueBefore(1.5)).id)).toBeUndefined();
    const order = await dueBefore(2.5);
    await carryOut(the(await because(order.id), 'urge applicant'));
    expect((await because(order.id)).actions.map(named)).not.toContain('urge applicant');
  });
});

describe('the list', () => {
  it('should be for administrators of the team, and show them their own only', async () => {
    const { order } = await waitingForInactive();
    expect(await reasonsOf(order.id, rival)).toBeUndefined();
    expect(await reasonsOf(order.id, root)).toEqual(['everyone_inactive']);
    expect((await stuckFor(root, '&accCode=t1')).has(order.id)).toBe(true);
    expect((await stuckFor(root, '&accCode=t2')).has(order.id)).toBe(false);
    expect((await app.as(rival).get('/orders?scope=stuck&accCode=t1')).status).toBe(404);
    expect((await app.as(ann).get('/orders?scope=stuck')).body.code).toBe('forbidden');
    const { key } = await created(app.as(boss), '/api-keys', { name: 'stuck', accCodes: ['t1'] });
    const answer = await app.key(String(key)).get('/orders?scope=stuck');
    expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
  });

  it('should come in pages, newest first, and be narrowed as other lists are', async () => {
    const ids: string[] = [];
    for (let one = 0; one < 3; one++) ids.unshift((await waitingForInactive()).order.id);
    const { order: last } = await waitingForEmptyGroup();
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await app.as(boss).get(`/orders?scope=stuck&limit=2${cursor}`);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(seen.slice(0, 4)).toEqual([last.id, ...ids]);
    expect(seen).toEqual([...new Set(seen)].toSorted().toReversed());
    expect(seen).toEqual([...(await stuckFor(boss)).keys()]);
    const { body } = await app.as(boss).get(`/orders/${ids[1]}`);
    const narrowed = await stuckFor(
      boss,
      `&businessType=${body.businessType}&businessKey=${body.businessKey}`,
    );
    expect([...narrowed.keys()]).toEqual([ids[1]]);
    expect((await stuckFor(boss, '&applyStatus=executing')).has(last.id)).toBe(false);
  });
});

describe('countersign_orders_stuck', () => {
  const told = async (): Promise<Record<string, number>> => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    const lines = [...text.matchAll(/^countersign_orders_stuck\{reason="(\w+)"\} (\d+)$/gm)];
    return Object.fromEntries(lines.map(([, reason, count]) => [reason, Number(count)]));
  };

  it('should count the orders by reason, by one replica a minute', async () => {
    expect(await told()).toEqual({});
    const metrics = app.get(StuckMetrics);
    expect([await metrics.look(), await metrics.look()].toSorted()).toEqual([false, true]);
    const listed = [...(await stuckFor(root)).values()].flat();
    const expected: Record<string, number> = {};
    for (const reason of [
      'nobody_asked',
      'everyone_inactive',
      'nobody_eligible',
      'delivery_parked',
      'overdue',
    ])
      expected[reason] = listed.filter((one) => one.reason === reason).length;
    expect(await told()).toEqual(expected);
    expect(expected.everyone_inactive).toBeGreaterThan(3);
  });
});
