import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { OutboxService } from '../../src/outbox/outbox.service.js';
import { actingOn, openActing } from '../support/acting.js';
import { agree, type BusinessModule, startBusinessModule } from '../support/business-module.js';
import { callbackSettings } from '../support/callback-settings.js';
import { givenStandIn } from '../support/delegations.js';
import { eventually } from '../support/eventually.js';
import { startApp } from '../support/harness.js';
import {
  everythingShown,
  givenIdentity,
  givenMirrored,
  newMirrored,
  type MirrorWorld,
  publicUrl,
  secretsOf,
  showing,
  startMirrorWorld,
  taskOf,
  tasksThere,
  textOf,
  there,
  thereThat,
} from '../support/mirror-world.js';
import { directoryOf } from '../support/resolver-people.js';
import { ann, bob, boss, carol, created, dave, root } from '../support/world.js';

let world: MirrorWorld;
let module: BusinessModule;
beforeAll(async () => {
  world = await startMirrorWorld();
  module = await startBusinessModule(agree);
});
afterEach(async () => {
  world.lark.faults.forget();
  // So that the next test's faults meet its own calls.
  await everythingShown(world);
});
afterAll(async () => {
  await world.close();
  await module.close();
});

const syncs = /POST .*\/external_instances$/;
const definitions = /POST .*\/external_approvals$/;

describe('an order whose business type names a mirror', () => {
  it('given two steps, decided there and here, then Feishu shows both, and it is executed', async () => {
    const { app, lark } = world;
    const type = await givenMirrored(world, [{ users: ['bob'] }, { users: ['carol'] }], {
      executeUrl: module.executeUrl,
    });
    const order = await openActing(app, type, { title: '采购', variables: { amount: 7 } });
    const shown = await thereThat(world, order.id, showing('bob PENDING!'));
    expect(shown).toMatchObject({ status: 'PENDING', user_id: there(ann), end_time: '0' });
    expect(shown.links.pc_link).toBe(`${publicUrl}/console/orders/${order.id}`);
    expect(
      await lark.external.press(order.id, taskOf(shown, bob).task_id, 'APPROVE', { reason: '好' }),
    ).toEqual({
      status: 200,
      body: { msg: 'success' },
    });
    await thereThat(world, order.id, showing('bob APPROVED', 'carol PENDING!'));
    expect((await order.order()).steps[0]).toMatchObject({ auditUserCode: 'bob', auditMsg: '好' });
    await order.does(carol, 'approve');
    const over = await thereThat(world, order.id, ({ status }) => status === 'APPROVED');
    expect(tasksThere(over)).toEqual(['bob APPROVED', 'carol APPROVED']);
    expect(Number(over.end_time)).toBeGreaterThanOrEqual(Number(over.start_time));
    expect(module.callsOf('execute', order.id)).toHaveLength(1);
  });

  it('given a rejection there, then it is rejected here, and shown so', async () => {
    const { app, lark } = world;
    const type = await givenMirrored(world, [{ users: ['bob', 'carol'] }, { users: ['carol'] }]);
    const order = await openActing(app, type);
    const shown = await thereThat(world, order.id, showing('bob PENDING!', 'carol PENDING!'));
    const pressed = await lark.external.press(order.id, taskOf(shown, bob).task_id, 'REJECT', {
      reason: 'no',
    });
    expect(pressed?.status).toBe(200);
    expect(await order.order()).toMatchObject({ applyStatus: 'rejected' });
    const over = await thereThat(world, order.id, ({ status }) => status === 'REJECTED');
    // Who was not fast enough has nothing left to do.
    expect(tasksThere(over)).toEqual(['bob REJECTED', 'carol DONE']);
  });

  it('given its applicant withdraws it here, then it is cancelled there', async () => {
    const type = await givenMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(world.app, type);
    await thereThat(world, order.id, showing('bob PENDING!'));
    await order.does(ann, 'withdraw');
    const over = await thereThat(world, order.id, ({ status }) => status === 'CANCELED');
    expect(tasksThere(over)).toEqual(['bob DONE']);
    expect(world.lark.external.todo(there(bob)).filter((one) => one.startsWith(order.id))).toEqual([]);
  });

  it('given a transfer and an added signature here, then the tasks move there', async () => {
    const type = await givenMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(world.app, type);
    const first = await thereThat(world, order.id, showing('bob PENDING!'));
    await order.does(bob, 'transfer', { toUserCode: 'carol' });
    await thereThat(world, order.id, showing('bob TRANSFERRED', 'carol PENDING!'));
    await order.does(carol, 'add-sign', { userCodes: ['ann'], position: 'before' });
    const signed = await thereThat(world, order.id, showing('ann PENDING!', 'bob TRANSFERRED'));
    // The task that bob gave away is the one that he had.
    expect(signed.task_list.find(({ user_id }) => user_id === there(bob))?.task_id).toBe(
      taskOf(first, bob).task_id,
    );
    await order.does(ann, 'approve');
    await thereThat(world, order.id, showing('ann APPROVED', 'bob TRANSFERRED', 'carol PENDING!'));
  });

  it('given somebody stands in for a reviewer, then the task is theirs, and so is the decision', async () => {
    const { app, lark } = world;
    await directoryOf(app.as(root)).user('dina');
    await givenIdentity(world, 'dina', 'dina-there');
    await givenStandIn(app.as({ sub: 'dina', acc_code: 't1' }), 'carol');
    const type = await givenMirrored(world, [{ users: ['dina'] }]);
    const order = await openActing(app, type);
    const shown = await thereThat(world, order.id, showing('carol PENDING!', 'dina TRANSFERRED'));
    expect((await lark.external.press(order.id, taskOf(shown, carol).task_id, 'APPROVE'))?.status).toBe(200);
    expect((await order.order()).steps[0]?.auditUserCode).toBe('carol');
  });

  it('given it is returned, then its applicant has a task without buttons; resubmitted, it waits as before', async () => {
    const type = await givenMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(world.app, type);
    await thereThat(world, order.id, showing('bob PENDING!'));
    await order.does(bob, 'return', { toStep: 0, auditMsg: 'figures, please' });
    const returned = await thereThat(world, order.id, showing('ann PENDING'));
    expect(returned.status).toBe('PENDING');
    await order.does(ann, 'resubmit');
    await thereThat(world, order.id, showing('bob PENDING!'));
  });

  it('given somebody without an account there, then the others are shown; of the applicant the name', async () => {
    const type = await givenMirrored(world, [{ users: ['bob', 'dave'], mode: 'all' }], {
      autoApprove: 'never',
    });
    const order = await openActing(world.app, type, {}, dave);
    const shown = await thereThat(world, order.id, showing('bob PENDING!'));
    expect(shown.user_id).toBeUndefined();
    expect(textOf(shown, shown.user_name ?? '')).toBe('dave by name');
  });

  it('given a group, then each member who is active has the task, and none who may not decide', async () => {
    const { app, lark } = world;
    const directory = directoryOf(app.as(root));
    for (const code of ['gina', 'hank']) {
      await directory.user(code);
      await givenIdentity(world, code, `${code}-there`);
    }
    await directory.user('hank', { active: false });
    await directory.group('buyers', ['bob', 'gina', 'hank', 'dave', 'ann']);
    const type = await givenMirrored(world, [{ groups: ['buyers'] }], { autoApprove: 'never' });
    const order = await openActing(app, type);
    const shown = await thereThat(world, order.id, showing('bob PENDING!', 'gina PENDING!'));
    await lark.external.press(order.id, taskOf(shown, bob).task_id, 'APPROVE');
    const over = await thereThat(world, order.id, ({ status }) => status === 'APPROVED');
    expect(tasksThere(over)).toEqual(['bob APPROVED']);
  });

  it('given an applicant among the reviewers, where nobody decides their own order, then they have no task', async () => {
    const type = await givenMirrored(world, [{ users: ['ann', 'bob'] }], { autoApprove: 'never' });
    const order = await openActing(world.app, type);
    await thereThat(world, order.id, showing('bob PENDING!'));
  });

  it('given whoever sits there by name is not listed here, then they look at it there, and decide here', async () => {
    await givenIdentity(world, 'stranger', 'stranger-there');
    const type = await givenMirrored(world, [{ users: ['stranger'] }]);
    const order = await openActing(world.app, type);
    await thereThat(world, order.id, showing('stranger PENDING'));
  });

  it('given a provider that speaks open ids, then tasks have no buttons: quick actions would name nobody known', async () => {
    const { app, lark } = world;
    await created(app.as(boss), '/providers', {
      code: 'open-ids',
      name: 'Open ids',
      kind: 'lark',
      url: lark.url,
      lark: { ...lark.fields, userIdType: 'open_id' },
    });
    await app.as(boss).put('/providers/open-ids/identities/bob', { externalId: `ou_${there(bob)}` });
    const type = await newMirrored(world, [{ users: ['bob'] }], {}, { mirror: 'open-ids' });
    const order = await openActing(app, type);
    const { task_list } = await thereThat(world, order.id, (shown) => shown.task_list.length > 0);
    expect(task_list[0]).toMatchObject({ open_id: `ou_${there(bob)}`, status: 'PENDING' });
    expect(task_list[0]).not.toHaveProperty('action_configs');
  });

  it("given copies, variables and a mapping, then they are shown under the module's names, in both languages", async () => {
    const type = await givenMirrored(world, [{ users: ['bob'] }], {}, { fieldMapping: { amount: '金额' } });
    const order = await openActing(world.app, type, {
      title: '采购',
      businessKey: 'PO-1',
      remark: 'urgent',
      variables: { amount: 7, items: ['a'], reason: '' },
    });
    await order.does(ann, 'cc', { userCodes: ['carol', 'dave'] });
    const shown = await thereThat(world, order.id, ({ cc_list }) => cc_list.length > 0);
    expect(shown.cc_list.map(({ user_id }) => user_id)).toEqual([there(carol)]);
    const read = (locale: string) =>
      shown.form.map(({ name, value }) => `${textOf(shown, name, locale)}: ${textOf(shown, value, locale)}`);
    expect(textOf(shown, shown.title)).toBe('采购');
    expect(read('zh-CN')).toEqual(['金额: 7', 'items: ["a"]', 'reason: -', '备注: urgent', '业务单号: PO-1']);
    expect(read('en-US').slice(-2)).toEqual(['Remark: urgent', 'Business key: PO-1']);
  });

  it('given variables of any length, then what lists can show is sent, and no more', async () => {
    const variables = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`field ${index}`, 'x'.repeat(1_000)]),
    );
    const type = await givenMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(world.app, type, { variables });
    const { form, ...shown } = await thereThat(world, order.id, showing('bob PENDING!'));
    expect(form.length).toBeGreaterThanOrEqual(3);
    const texts = form.flatMap(({ name, value }) => [name, value]);
    const whole = texts.map((key) => textOf({ form, ...shown }, key) ?? '').join('');
    expect(whole.length).toBeLessThanOrEqual(2_048);
  });
});

describe('what Feishu knows of a business type', () => {
  it('given many orders, then it is told once; given another name, once more, under the same code', async () => {
    const { app, lark } = world;
    const type = await newMirrored(world, [{ users: ['bob'] }]);
    const first = await openActing(app, type);
    const { approval_code: code } = await thereThat(world, first.id, showing('bob PENDING!'));
    const told = () =>
      lark
        .callsTo(definitions)
        .filter(({ body }) => body.i18n_resources[0].texts[0].value.startsWith('Flow told'));
    await app.as(boss).patch(`/business-types/${type}`, { name: 'Flow told' });
    const orders = [await openActing(app, type), await openActing(app, type)];
    for (const order of orders) {
      expect((await thereThat(world, order.id, showing('bob PENDING!'))).approval_code).toBe(code);
    }
    // Two at once may both find it changed.
    expect(told().length).toBeGreaterThanOrEqual(1);
    expect(told().length).toBeLessThanOrEqual(2);
    expect(told()[0]?.body.external.action_callback_url).toBe(
      `${publicUrl}/api/v1/lark/actions/${world.providerId}`,
    );
    const { token, key } = secretsOf(lark, code);
    expect(token).not.toBe(key);
    const before = told().length;
    await first.does(bob, 'approve');
    await thereThat(world, first.id, ({ status }) => status === 'APPROVED');
    expect(told()).toHaveLength(before);
  });

  it('given its secrets, then no table, log or answer holds them in clear', async () => {
    const { app, lark, lines } = world;
    await everythingShown(world);
    const { token, key } = secretsOf(lark, lark.external.approvals[0]?.code ?? '');
    const rows = JSON.stringify(await app.database.rows('SELECT * FROM dms_s_apply_mirror_definition'));
    for (const secret of [token, key]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(rows).not.toContain(secret);
      expect(lines.join('\n')).not.toContain(secret);
    }
  });

  it('given somebody deletes the definition there, then it is made anew', async () => {
    const { app, lark } = world;
    const type = await newMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(app, type);
    const { approval_code: code } = await thereThat(world, order.id, showing('bob PENDING!'));
    const { approvals } = lark.external;
    approvals.splice(
      approvals.findIndex((one) => one.code === code),
      1,
    );
    const other = await openActing(app, type);
    const shown = await thereThat(world, other.id, showing('bob PENDING!'));
    expect(shown.approval_code).not.toBe(code);
  });

  it('given PUBLIC_URL is not set, then the delivery is parked at once, and names it', async () => {
    const app = await startApp({ env: callbackSettings });
    try {
      const { lark } = world;
      await created(app.as(boss), '/providers', {
        code: 'feishu',
        name: 'Feishu',
        kind: 'lark',
        url: lark.url,
        lark: lark.fields,
      });
      const before = lark.calls.length;
      const type = await newMirrored({ app }, [{ users: ['bob'] }]);
      const order = await openActing(app, type);
      const [parked] = await eventually(
        async () => (await app.as(boss).get(`/deliveries?orderId=${order.id}&topic=order.mirror`)).body.items,
        ([delivery]) => delivery?.state === 'failed',
      );
      expect(parked.lastError).toContain('PUBLIC_URL');
      expect(parked.attempts).toHaveLength(1);
      expect(lark.calls).toHaveLength(before);
      // Nothing in the order waits for it.
      await order.does(bob, 'approve');
    } finally {
      await app.close();
    }
  });
});

describe('the newest state wins', () => {
  it('given Feishu is away, then nothing in the order waits for it, and it catches up', async () => {
    const { app, lark } = world;
    const type = await givenMirrored(world, [{ users: ['bob'] }, { users: ['carol'] }]);
    await openActing(app, type).then((order) => thereThat(world, order.id, showing('bob PENDING!')));
    lark.faults.plan(syncs, { kind: 'answer', status: 502 }, 1_000);
    const order = await openActing(app, type);
    await order.act(ann, 'comments', { text: 'hello' });
    await order.does(bob, 'approve');
    await order.does(carol, 'approve');
    expect(await order.order()).toMatchObject({ applyStatus: 'completed' });
    const failed = lark.callsTo(syncs).length;
    lark.faults.forget();
    await thereThat(world, order.id, ({ status }) => status === 'APPROVED');
    await everythingShown(world);
    expect(lark.external.instance(order.id).body.status).toBe('APPROVED');
    // Not one for each of the four transitions: one shows it, and others may still have been on their way.
    expect(
      lark
        .callsTo(syncs)
        .slice(failed)
        .filter(({ status }) => status === 200).length,
    ).toBeLessThan(4);
  });

  it('given ten quick transitions, then they need not be ten calls, and each says a later time than the one before', async () => {
    const { app, lark } = world;
    const type = await givenMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(app, type);
    await thereThat(world, order.id, showing('bob PENDING!'));
    let release: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (release = resolve));
    lark.faults.plan(syncs, { kind: 'late', until });
    for (let comment = 1; comment <= 10; comment++) await order.act(ann, 'comments', { text: `${comment}` });
    await order.does(ann, 'withdraw');
    release();
    await thereThat(world, order.id, ({ status }) => status === 'CANCELED');
    await everythingShown(world);
    const calls = lark.callsTo(syncs).filter(({ body }) => body.instance_id === order.id);
    // The opening; the one that was held; and one for all that came meanwhile.
    expect(calls).toHaveLength(3);
    const stamps = calls.map(({ body }) => Number(body.update_time));
    expect(stamps).toEqual([...new Set(stamps)].toSorted((one, other) => one - other));
    expect(calls.every(({ body }) => body.update_mode === 'REPLACE')).toBe(true);
  });

  it('given Feishu takes the same order too seldom (1390014), then the last state is shown in the end', async () => {
    const { app, lark } = world;
    const type = await givenMirrored(world, [{ users: ['bob'] }, { users: ['carol'] }]);
    const order = await openActing(app, type);
    await thereThat(world, order.id, showing('bob PENDING!'));
    lark.faults.plan(syncs, { kind: 'code', code: 1390014, status: 400 }, 3);
    await order.does(bob, 'approve');
    await order.does(carol, 'approve');
    await thereThat(world, order.id, ({ status }) => status === 'APPROVED');
    const { items } = (await app.as(boss).get(`/deliveries?orderId=${order.id}&topic=order.mirror`)).body;
    expect(items.filter((one: { state: string }) => one.state === 'failed')).toEqual([]);
  });

  it('given a call whose answer is lost, then it is made once more', async () => {
    const { app, lark } = world;
    const type = await givenMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(app, type);
    await thereThat(world, order.id, showing('bob PENDING!'));
    lark.faults.plan(syncs, { kind: 'close_after' });
    await order.does(bob, 'approve');
    await everythingShown(world);
    const calls = lark.callsTo(syncs).filter(({ body }) => body.instance_id === order.id);
    expect(calls.slice(-2).map(({ body }) => body.status)).toEqual(['APPROVED', 'APPROVED']);
  });

  it.each([
    ['failed and may still arrive behind what others have shown since', true, 1],
    ['was overtaken', false, 0],
  ])('given a delivery that %s, then it shows the order once more: %s', async (_, unsure, more) => {
    const { app, lark } = world;
    const type = await givenMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(app, type);
    await thereThat(world, order.id, showing('bob PENDING!'));
    await everythingShown(world);
    const calls = () => lark.callsTo(syncs).filter(({ body }) => body.instance_id === order.id).length;
    const before = calls();
    await app.get(UnitOfWork).run(async (tx) => {
      const [time, payload] = [new Date(), {}];
      const target = `p:${world.providerId}`;
      const delivery = {
        topic: 'order.mirror',
        orderId: order.id,
        accCode: 't1',
        target,
        cause: '1',
        payload,
        time,
      };
      await app.get(OutboxService).enqueue(tx, [delivery]);
      if (!unsure) return;
      await tx.run(
        `UPDATE dms_s_apply_mirror_order SET unsure =
           (SELECT id FROM dms_s_apply_delivery WHERE apply_order_id = ? AND topic = 'order.mirror') WHERE apply_order_id = ?`,
        [order.id, order.id],
      );
    });
    await everythingShown(world);
    expect(calls() - before).toBe(more);
  });

  it('given whoever was showing it has died, then the next one shows it, once the dead one is given up', async () => {
    const { app } = world;
    const type = await givenMirrored(world, [{ users: ['bob'] }]);
    const order = await openActing(app, type);
    await thereThat(world, order.id, showing('bob PENDING!'));
    await everythingShown(world);
    const dies = (until: number) =>
      app
        .get(UnitOfWork)
        .run((tx) =>
          tx.run(
            `UPDATE dms_s_apply_mirror_order SET sender = 'dead', sender_until = ? WHERE apply_order_id = ?`,
            [until, order.id],
          ),
        );
    await dies(Date.now() + 3_600_000);
    await order.does(ann, 'cc', { userCodes: ['carol'] });
    await everythingShown(world);
    // Until then it is taken to be under way, and knows that there is more to show.
    const [row] = await app.database.rows(
      'SELECT wanted FROM dms_s_apply_mirror_order WHERE apply_order_id = ?',
      [order.id],
    );
    expect(row).toEqual({ wanted: 2 });
    await dies(1);
    await order.does(bob, 'approve');
    await thereThat(world, order.id, ({ status, cc_list }) => status === 'APPROVED' && cc_list.length === 1);
  });

  it('given the provider is gone, then orders that it showed go on, and nobody is alarmed', async () => {
    const { app } = world;
    const type = await newMirrored(world, [{ users: ['bob'] }]);
    await created(app.as(boss), '/providers', {
      code: 'leaving',
      name: 'Leaving',
      kind: 'lark',
      url: world.lark.url,
      lark: world.lark.fields,
    });
    await app.as(boss).patch(`/business-types/${type}`, { mirror: 'leaving' });
    const order = await openActing(app, type);
    await everythingShown(world);
    await app.as(boss).patch(`/business-types/${type}`, { mirror: null });
    expect((await app.as(boss).delete('/providers/leaving')).status).toBe(204);
    await order.does(bob, 'approve');
    await everythingShown(world);
    const { items } = (await app.as(boss).get(`/deliveries?orderId=${order.id}&topic=order.mirror`)).body;
    expect(items.map((one: { state: string }) => one.state)).toEqual(['abandoned']);
  });
});

it('given another team, then neither the provider nor its mirrored orders exist for it', async () => {
  const { app } = world;
  const type = await givenMirrored(world, [{ users: ['bob'] }]);
  const { id } = actingOn(app, (await openActing(app, type)).id);
  const rival = { sub: 'rival', acc_code: 't2', roles: ['team_admin'] };
  expect((await app.as(rival).get(`/orders/${id}`)).status).toBe(404);
  await created(app.as(rival), '/business-types', { code: 'theirs', name: 'Theirs' });
  expect((await app.as(rival).patch('/business-types/theirs', { mirror: 'feishu' })).status).toBe(404);
});
