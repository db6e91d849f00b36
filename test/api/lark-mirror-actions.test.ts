import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LarkActionsService } from '../../src/providers/lark-mirror/lark-actions.service.js';
import { type Acting, openActing } from '../support/acting.js';
import { type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { eventually } from '../support/eventually.js';
import { type HeldCalls, holdCalls } from '../support/held-calls.js';
import type { TestUser } from '../support/harness.js';
import {
  buttonOf,
  everythingShown,
  givenIdentity,
  givenMirrored,
  newMirrored,
  type MirrorWorld,
  type Pressing,
  pressing,
  showing,
  startMirrorWorld,
  type TaskThere,
  taskOf,
  there,
  thereThat,
} from '../support/mirror-world.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { naming } from '../support/resolver-world.js';
import { ann, bob, boss, carol, created, root, type StageGiven } from '../support/world.js';

let world: MirrorWorld;
beforeAll(async () => {
  world = await startMirrorWorld();
});
afterAll(async () => {
  await historiesOf(world.app.database);
  await world.close();
});

const syncs = /POST .*\/external_instances$/;

interface Shown {
  readonly order: Acting;
  readonly task: TaskThere;
  /** What Feishu sends when bob presses 同意. */
  readonly button: object;
}

/** Given an order of ann's that waits for bob there, unless the stages say otherwise. */
async function givenShown(
  stages: readonly StageGiven[] = [{ users: ['bob'] }],
  who: TestUser = bob,
  flow: Parameters<typeof givenMirrored>[2] = {},
): Promise<Shown> {
  const type = await givenMirrored(world, stages, flow);
  const order = await openActing(world.app, type);
  const shown = await thereThat(world, order.id, ({ task_list }) =>
    task_list.some(({ user_id, action_configs }) => user_id === there(who) && action_configs !== undefined),
  );
  const task = taskOf(shown, who);
  return { order, task, button: buttonOf(world, order.id, task) };
}

/** Expects that pressing changes nothing. @returns how it was answered */
async function refused(order: Acting, button: object, given: Pressing = {}) {
  const before = await order.order();
  const answer = await pressing(world, button, given);
  expect(answer.status, JSON.stringify(answer)).toBeGreaterThan(400);
  expect(await order.order()).toEqual(before);
  return answer;
}

const votes = async (order: Acting): Promise<string[]> =>
  (await order.operations()).filter((one) => /^step\.(voted|approved|rejected)/.test(one));

describe('a button pressed in Feishu', () => {
  it.each([
    ['encrypted', undefined],
    ['not encrypted', null],
  ])('given it is %s, then the person has decided, in their own words', async (_, key) => {
    const { order, button } = await givenShown();
    expect(await pressing(world, button, key === null ? { key } : {})).toEqual({ status: 200, message: '' });
    const { applyStatus, steps } = await order.order();
    expect(applyStatus).toBe('completed');
    expect(steps[0]).toMatchObject({ auditUserCode: 'bob', auditMsg: 'as sent' });
    expect(world.lines.some((line) => line.includes(order.id) && line.includes('6981801914270744596'))).toBe(
      true,
    );
  });

  it.each([
    ['another token', { fields: { token: 'x'.repeat(32) } }],
    ['no token', { fields: { token: undefined } }],
    ['another token, encrypted with the right key', { fields: { token: '' } }],
    ['an approval code of nobody', { fields: { approval_code: 'nobody' }, key: null }],
    ['another key', { key: 'another key' }],
    ['an empty key', { key: '' }],
    ['the address of no provider', { to: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30' }],
  ])('given %s, then it is refused, with the same words for every reason', async (_, forging) => {
    const { order, button } = await givenShown();
    const { status, message } = await refused(order, button, forging);
    expect(status).toBe(401);
    expect(message).toBe('无法确认该请求来自飞书 (this request is not known to come from Feishu)');
  });

  it.each(['', '[]', '{}', 'null', '"x"', '{"encrypt": 7}', '{"encrypt": "AAAA"}', 'no JSON'])(
    'given %s, then it is refused',
    async (body) => {
      const response = await fetch(`${world.app.url}/api/v1/lark/actions/${world.providerId}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    },
  );

  it.each([
    ['an unknown action', { action_type: 'TRANSFER' }],
    ['no person', { user_id: '' }],
    ['neither task nor context', { task_id: undefined, action_context: '' }],
    ['a list for an order', { instance_id: ['x'] }],
  ])('given the right token with %s, then it cannot be read', async (_, fields) => {
    const { order, button } = await givenShown();
    expect(await refused(order, button, { fields })).toMatchObject({ status: 422 });
  });

  it('given it is sent twice, and at once, then it counts once, and both are told so', async () => {
    const { order, button } = await givenShown([{ users: ['bob', 'carol'], mode: 'all' }]);
    const answers = await Promise.all([1, 2, 3].map(() => pressing(world, button)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await pressing(world, button)).toMatchObject({ status: 200 });
    expect(await votes(order)).toEqual(['step.voted']);
  });

  it('given the same button says otherwise later, then it is refused', async () => {
    const { order, button } = await givenShown([{ users: ['bob', 'carol'], mode: 'all' }]);
    await pressing(world, button);
    const answer = await refused(order, button, { fields: { action_type: 'REJECT' } });
    expect(answer).toMatchObject({ status: 409 });
    expect(answer.message).toContain('您已作出不同的审批决定');
  });

  it('given it comes from a card, which names neither order nor task, then its context tells', async () => {
    const { order, button } = await givenShown();
    const fields = { instance_id: undefined, task_id: undefined };
    expect(await pressing(world, button, { fields })).toMatchObject({ status: 200 });
    expect((await order.order()).applyStatus).toBe('completed');
  });

  it('given a rejection without a reason, then it is refused; with one, it counts', async () => {
    const { order, button } = await givenShown();
    for (const reason of ['', '  ', null]) {
      expect(await refused(order, button, { fields: { action_type: 'REJECT', reason } })).toMatchObject({
        status: 422,
        message: '拒绝时必须填写理由 (a rejection needs a reason)',
      });
    }
    await refused(order, button, { fields: { reason: 'x'.repeat(4_001) } });
    expect(await pressing(world, button, { fields: { action_type: 'REJECT', reason: 'no' } })).toMatchObject({
      status: 200,
    });
    expect((await order.order()).applyStatus).toBe('rejected');
  });
});

describe('whose button it is', () => {
  it.each([
    ['of nobody known here', 'nobody-there', '您的飞书账号尚未关联'],
    ["of a colleague, with somebody else's task", there(carol), '不属于您'],
  ])('given a person %s, then it is refused', async (_, userId, words) => {
    const { order, button } = await givenShown();
    const { status, message } = await refused(order, button, { fields: { user_id: userId } });
    expect(status).toBe(403);
    expect(message).toContain(words);
  });

  it("given one's own button on another order, task or context, then it is refused", async () => {
    const one = await givenShown([{ users: ['bob', 'carol'], mode: 'all' }]);
    const other = await givenShown([{ users: ['carol', 'bob'], mode: 'all' }]);
    // Another order of another business type does not exist for this definition; of the same one, its context does not fit.
    expect(await refused(other.order, one.button, { fields: { instance_id: other.order.id } })).toMatchObject(
      {
        status: 404,
      },
    );
    const type = (await world.app.as(root).get(`/orders/${one.order.id}`)).body.businessType as string;
    const twin = await openActing(world.app, type);
    await thereThat(world, twin.id, showing('bob PENDING!', 'carol PENDING!'));
    expect(await refused(twin, one.button, { fields: { instance_id: twin.id } })).toMatchObject({
      status: 403,
    });
    const shown = await thereThat(world, one.order.id, showing('bob PENDING!', 'carol PENDING!'));
    const carols = taskOf(shown, carol);
    await refused(one.order, one.button, { fields: { task_id: carols.task_id } });
    await refused(one.order, one.button, { fields: { action_context: carols.action_context } });
    const [version, orderId, taskId, mac = ''] = one.task.action_context?.split('.') ?? [];
    const contexts = [
      ['2', orderId, taskId, mac],
      ['9999999999', orderId, taskId, mac],
      [version, orderId, taskId, '0'.repeat(40)],
      [version, orderId, taskId],
      [],
    ];
    for (const context of contexts.map((parts) => parts.join('.'))) {
      expect(await refused(one.order, one.button, { fields: { action_context: context } })).toMatchObject({
        status: 403,
      });
    }
  });

  it('given orders of the same type that another provider shows by now, then buttons of the first decide none', async () => {
    const { app, lark } = world;
    const type = await newMirrored(world, [{ users: ['bob'] }]);
    const first = await openActing(app, type);
    const shown = await thereThat(world, first.id, showing('bob PENDING!'));
    await created(app.as(boss), '/providers', {
      code: 'second',
      name: 'Second',
      kind: 'lark',
      url: lark.url,
      lark: lark.fields,
    });
    await app.as(boss).patch(`/business-types/${type}`, { mirror: 'second' });
    const later = await openActing(app, type);
    const button = buttonOf(world, first.id, taskOf(shown, bob));
    expect(await refused(later, button, { fields: { instance_id: later.id } })).toMatchObject({
      status: 404,
    });
  });

  it('given they are inactive by now, or of another team, then it is refused', async () => {
    const directory = directoryOf(world.app.as(root));
    for (const about of [{ active: false }, { accCode: 't2' }]) {
      const code = `leaver-${'active' in about ? 1 : 2}`;
      await directory.user(code);
      await givenIdentity(world, code, `${code}-there`);
      const { order, button } = await givenShown([{ users: [code, 'bob'] }], { sub: code });
      await directory.user(code, about);
      const { status, message } = await refused(order, button);
      expect(status).toBe(403);
      expect(message).toContain('在职成员');
    }
  });

  it("given another team's provider with an identity of the same person, then its token decides nothing of ours", async () => {
    const { order, button } = await givenShown();
    const rival = { sub: 'rival', acc_code: 't2', roles: ['team_admin'] };
    const { app, lark } = world;
    const { id } = await created(app.as(rival), '/providers', {
      code: 'theirs',
      name: 'Theirs',
      kind: 'lark',
      url: lark.url,
      lark: lark.fields,
    });
    await app.as(rival).put('/providers/theirs/identities/bob', { externalId: there(bob) });
    // With our own definition's secrets, at their address.
    expect(await refused(order, button, { to: String(id) })).toMatchObject({ status: 401 });
    // With a definition of theirs, at their address.
    await created(app.as(rival), '/business-types', { code: 'theirs', name: 'Theirs', mirror: 'theirs' });
    const node = await created(app.as(rival), '/nodes', {
      templateNodeName: 'theirs',
      auditObjectType: 'user',
      auditObject: ['bob'],
    });
    const template = await created(app.as(rival), '/templates', {
      templateName: 'theirs',
      stages: [{ nodeId: node.id }],
    });
    await app.as(rival).put('/bindings/theirs', { templateId: template.id });
    const applicant = { sub: 'eve', acc_code: 't2' };
    const theirs = await created(app.as(applicant), '/orders', { businessType: 'theirs' });
    const { approval_code: code } = await thereThat(world, String(theirs.id), () => true);
    const known = buttonOf(world, String(theirs.id), { ...taskless, user_id: there(bob) });
    expect(code).toBeDefined();
    expect(
      await refused(order, { ...button, ...known, instance_id: order.id }, { to: String(id) }),
    ).toMatchObject({ status: 404 });
  });
});

const taskless: TaskThere = { task_id: 't1', user_id: '', status: 'PENDING', end_time: '0' };

describe('what has become of the order meanwhile', () => {
  it('given it was handed over here, then the person is told so, and it is shown anew', async () => {
    const { order, button } = await givenShown();
    await order.does(bob, 'transfer', { toUserCode: 'carol' });
    await thereThat(world, order.id, showing('bob TRANSFERRED', 'carol PENDING!'));
    const before = world.lark.callsTo(syncs).length;
    const { status, message } = await refused(order, button);
    expect(status).toBe(403);
    expect(message).toContain('handed');
    expect(message).toMatch(/[\u4e00-\u9fff]/);
    await eventually(
      () => world.lark.callsTo(syncs).length,
      (count) => count > before,
    );
    await everythingShown(world);
  });

  it('given it was decided, rejected or withdrawn here, then it is refused', async () => {
    const decided = await givenShown([{ users: ['bob', 'carol'] }, { users: ['ann'] }], bob, {
      autoApprove: 'never',
    });
    await decided.order.does(carol, 'approve');
    expect(await refused(decided.order, decided.button)).toMatchObject({ status: 409 });
    const rejected = await givenShown([{ users: ['bob', 'carol'] }]);
    await rejected.order.does(carol, 'reject');
    expect(await refused(rejected.order, rejected.button)).toMatchObject({ status: 409 });
    const withdrawn = await givenShown();
    await withdrawn.order.does(ann, 'withdraw');
    const { message } = await refused(withdrawn.order, withdrawn.button);
    expect(message).toContain('withdrawn');
  });

  it('given they sit on the next step as well, then the button of the first does not decide it', async () => {
    const { order, button } = await givenShown([{ users: ['bob', 'carol'] }, { users: ['bob'] }]);
    await order.does(carol, 'approve');
    const { status, message } = await refused(order, button);
    expect(status).toBe(409);
    expect(message).toContain('该审批节点已结束');
  });

  it('given others have voted or said something, then it counts all the same', async () => {
    const { order, button } = await givenShown([{ users: ['bob', 'carol'], mode: 'all' }]);
    await order.act(ann, 'comments', { text: 'please' });
    await order.does(carol, 'approve');
    expect(await pressing(world, button)).toMatchObject({ status: 200 });
    expect((await order.order()).applyStatus).toBe('completed');
  });

  it('given it was returned and resubmitted with other figures, then the button of before does not count', async () => {
    const { order, button } = await givenShown();
    await order.does(bob, 'return', { toStep: 0, auditMsg: 'figures' });
    await order.does(ann, 'resubmit', { variables: { amount: 1_000_000 } });
    const { status, message } = await refused(order, button);
    expect(status).toBe(409);
    expect(message).toContain('已有变化');
  });

  it('given they took their own decision back here, then its button, sent once more, does not vote again', async () => {
    const { order, button } = await givenShown([{ users: ['bob', 'carol'], mode: 'all' }]);
    await pressing(world, button);
    await order.does(bob, 'take-back');
    expect(await refused(order, button)).toMatchObject({ status: 409 });
    const shown = await thereThat(world, order.id, showing('bob PENDING!', 'carol PENDING!'));
    expect(await pressing(world, buttonOf(world, order.id, taskOf(shown, bob)))).toMatchObject({
      status: 200,
    });
  });

  it('given a member has left the group since, then the button that is still shown decides nothing', async () => {
    const directory = directoryOf(world.app.as(root));
    await directory.group('leavers', ['bob', 'carol']);
    const { order, button } = await givenShown([{ groups: ['leavers'] }]);
    await directory.group('leavers', ['carol']);
    expect(await refused(order, button)).toMatchObject({ status: 403 });
  });
});

describe('races', () => {
  it('given a decision here and another there at once, then one of them wins, with one vote', async () => {
    for (const pressedThere of ['APPROVE', 'REJECT']) {
      const { order, button } = await givenShown();
      const [pressed, called] = await Promise.all([
        pressing(world, button, { fields: { action_type: pressedThere } }),
        order.act(bob, pressedThere === 'APPROVE' ? 'reject' : 'approve'),
      ]);
      expect([pressed.status === 200, called.status === 200].filter(Boolean)).toHaveLength(1);
      expect(await votes(order)).toHaveLength(1);
      const rejected = (await order.order()).applyStatus === 'rejected';
      expect(rejected).toBe((pressed.status === 200) === (pressedThere === 'REJECT'));
      await thereThat(world, order.id, ({ status }) => status === (rejected ? 'REJECTED' : 'APPROVED'));
    }
  });

  it('given all of a step press at once, then each vote counts', async () => {
    const { order, button } = await givenShown([{ users: ['bob', 'carol'], mode: 'all' }]);
    const shown = await thereThat(world, order.id, ({ task_list }) => task_list.length > 1);
    const carols = buttonOf(world, order.id, taskOf(shown, carol));
    const answers = await Promise.all([pressing(world, button), pressing(world, carols)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await order.order()).applyStatus).toBe('completed');
  });

  describe('while a business system is asked whether bob may decide', () => {
    let held: HeldCalls;
    let module: BusinessModule;
    let shown: Shown;
    beforeEach(async () => {
      held = holdCalls();
      module = await startBusinessModule(held.behaviour);
      const node = { auditObjectType: 'resolver', auditObject: [module.checkUrl] };
      const type = await newMirrored(world, [{ node }]);
      const opening = openActing(world.app, type);
      await held.came(1);
      await held.answerAll(naming('bob'));
      const order = await opening;
      const task = taskOf(await thereThat(world, order.id, showing('bob PENDING!')), bob);
      shown = { order, task, button: buttonOf(world, order.id, task) };
    });
    afterEach(() => module.close());

    it('given this takes longer than Feishu waits, then it is told so in time, and the decision counts', async () => {
      const service = world.app.get(LarkActionsService);
      const { deadline } = service;
      service.deadline = 100;
      try {
        expect(await pressing(world, shown.button)).toMatchObject({ status: 504 });
      } finally {
        service.deadline = deadline;
      }
      await held.came(2);
      await held.answerAll(naming('bob'));
      await thereThat(world, shown.order.id, ({ status }) => status === 'APPROVED');
    });

    it('given the order goes on meanwhile, then it is judged anew', async () => {
      const pressed = pressing(world, shown.button);
      await held.came(2);
      await shown.order.act(ann, 'comments', { text: 'please' });
      await held.answerAll(naming('bob'));
      await held.came(3);
      await held.answerAll(naming('bob'));
      expect(await pressed).toMatchObject({ status: 200 });
      expect((await shown.order.order()).applyStatus).toBe('completed');
    });

    it('given the same button comes once more, and the first one ends the order, then both are told that it counts', async () => {
      const pressed = [pressing(world, shown.button), pressing(world, shown.button)];
      await held.came(3);
      await held.answerAll(naming('bob'));
      expect((await Promise.all(pressed)).map(({ status }) => status)).toEqual([200, 200]);
      expect(await votes(shown.order)).toEqual(['step.approved']);
    });
  });
});

it('given boss, who administers the team and sits nowhere, then there is nothing to press', async () => {
  await directoryOf(world.app.as(root)).user('boss');
  await givenIdentity(world, 'boss', there(boss));
  const { order } = await givenShown();
  const { task_list } = await thereThat(world, order.id, showing('bob PENDING!'));
  expect(task_list.map(({ user_id }) => user_id)).not.toContain(there(boss));
});
