import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  applicationOf,
  known,
  ordered,
  reached,
  startWeComWorld,
  type WeComWorld,
} from '../support/wecom/wecom-world.js';

// WeCom reaches nobody here: everything is found by looking.

let world: WeComWorld;
beforeAll(async () => {
  world = await startWeComWorld({ env: { PROVIDER_POLL_INTERVAL: '300ms' } });
  world.wecom.callbacks.url = null;
});
afterAll(async () => {
  await world.close();
});

describe('an order of whose approval in WeCom no event tells', () => {
  it('given it has passed there, then it is completed', async () => {
    const orderId = await ordered(world);
    const { spNo } = await applicationOf(world, orderId);
    await known(world, orderId);
    world.wecom.endTokens('unknown');
    world.wecom.fail('/cgi-bin/oa/getapprovaldetail', { errcode: 45033 }, { status: 502 });
    world.wecom.approvals.agree(spNo, 'zhao');
    world.wecom.approvals.agree(spNo, 'wang');
    await reached(world, orderId, 'completed');
    expect(world.module.callsOf('execute', orderId)).toHaveLength(1);
  });

  it('given it is deleted there, of which WeCom never tells, then it is withdrawn here', async () => {
    const orderId = await ordered(world);
    const { spNo } = await applicationOf(world, orderId);
    world.wecom.approvals.remove(spNo);
    await reached(world, orderId, 'withdrawn');
  });

  it('given it is paid there by the time of the look, then it counts as passed', async () => {
    const orderId = await ordered(world);
    const { spNo } = await applicationOf(world, orderId);
    world.wecom.approvals.agree(spNo, 'li');
    world.wecom.approvals.agree(spNo, 'wang');
    world.wecom.approvals.pay(spNo);
    await reached(world, orderId, 'completed');
  });
});
