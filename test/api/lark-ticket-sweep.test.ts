import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import {
  apply,
  ended,
  givenApproval,
  type LarkWorld,
  orderIdsOf,
  orderOf,
  startLarkWorld,
  waitingOn,
} from '../support/lark/lark-world.js';
import { boss } from '../support/world.js';

let world: LarkWorld;
beforeAll(async () => {
  world = await startLarkWorld({ PROVIDER_POLL_INTERVAL: '300ms', CALLBACK_RETRY_SCHEDULE: '50ms,50ms' });
  // Feishu is never heard of.
  world.lark.events.deliverTo(null);
});
afterAll(() => world.close());

const looksThrough = (code: string): number =>
  world.lark
    .callsTo(/^GET \/open-apis\/approval\/v4\/instances$/)
    .filter(({ query }) => query.get('approval_code') === code).length;

describe('events that never come', () => {
  it('given none at all, then an approval is found, checked, decided and executed', async () => {
    const approval = await givenApproval(world);
    const instance = apply(world, approval);
    await waitingOn(world, instance, '审批');
    world.lark.act.approve(instance.code, 'lee', '同意');
    expect(await ended(instance)).toBe('APPROVED');
    await orderOf(world, instance, 'completed');
    expect(await orderIdsOf(world, instance)).toHaveLength(1);
  });

  it('given Feishu is away for long, then what was begun meanwhile is found when it is back', async () => {
    const approval = await givenApproval(world);
    world.lark.faults.plan(/^GET .*\/instances$/, { kind: 'answer', status: 503 }, 1_000_000);
    const instance = apply(world, approval);
    // More often than a delivery is tried that fails.
    const looks = () => looksThrough(approval.definition.code);
    await eventually(looks, (count) => count >= 5);
    expect(await orderIdsOf(world, instance)).toEqual([]);
    world.lark.faults.forget();
    await waitingOn(world, instance, '审批');
  });

  it('given what was begun before the form was known, then it is left alone', async () => {
    const definition = world.lark.define({});
    const earlier = apply(world, { definition, secret: '' });
    // Feishu counts in milliseconds, and so do we.
    await eventually(Date.now, (now) => now > earlier.startTime + 5);
    const approval = await givenApproval(world, { definition: { code: definition.code } });
    await waitingOn(world, apply(world, approval), '审批');
    expect(await orderIdsOf(world, earlier)).toEqual([]);
  });

  it('given a form is deleted, then it is looked through no longer', async () => {
    const approval = await givenApproval(world);
    const { code } = approval.definition;
    await eventually(
      () => looksThrough(code),
      (count) => count > 0,
    );
    await world.app.as(boss).delete(`/providers/feishu/forms/${code}`);
    await eventually(
      () => world.app.database.rows("SELECT id FROM dms_s_apply_delivery WHERE topic = 'provider.sweep'"),
      (rows) => rows.length === 3,
    );
  });
});
