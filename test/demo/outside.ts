import { setTimeout as pause } from 'node:timers/promises';
import type { DemoRun, Order } from '../../src/cli/demo/run.js';
import { DemoError } from '../../src/cli/demo/target.js';
import { Permissions } from './permissions.js';

/** How long the demo waits for what the service and a provider do by themselves (milliseconds). */
const patience = 20_000;

/** What the demo sets up at a provider. */
interface Setting {
  /** As `POST /providers` takes it. */
  readonly provider: { readonly code: string; readonly name: string; readonly [more: string]: unknown };
  /** As `POST /providers/{code}/forms` takes it, but for the business type. */
  readonly form: { readonly name: string; readonly [more: string]: unknown };
  /** Who the applicant and the reviewer are there. */
  readonly accounts: { readonly ann: string; readonly bob: string };
}

/** A business type whose orders a provider decides, and the module behind it. */
export interface Outside {
  readonly run: DemoRun;
  readonly module: Permissions;
  readonly businessType: string;
  readonly providerId: string;
}

/** What somebody wants, by the fields of the business module. */
export interface Wish {
  readonly system: string;
  readonly reason: string;
}

/** Makes a business type with people who decide here, hands it to a provider, and plays what follows. */
export async function withProvider(
  run: DemoRun,
  { provider, form, accounts }: Setting,
  play: (outside: Outside) => Promise<void>,
): Promise<void> {
  const { ann, bob, boss } = run.people;
  const module = await Permissions.start();
  try {
    const { code: businessType, secret } = await run.flow(form.name, [['上级审批', bob]]);
    module.trust(secret);
    const { id: providerId } = await run.call<{ id: string }>(boss, 'POST', '/providers', provider);
    run.tell(boss, `makes the provider ${provider.code} (${provider.name})`);
    const outside = { run, module, businessType, providerId };
    await change(outside, module.urls);
    run.tell(
      boss,
      `enters where ${businessType} is checked and executed: ${module.urls.checkUrl}, …/execute`,
    );
    const people = `/providers/${provider.code}/identities`;
    await run.call(boss, 'PUT', `${people}/${ann.code}`, { externalId: accounts.ann });
    await run.call(boss, 'PUT', `${people}/${bob.code}`, { externalId: accounts.bob });
    run.tell(boss, `says who is who there: ann is ${accounts.ann}, bob is ${accounts.bob}`);
    await run.call(boss, 'POST', `/providers/${provider.code}/forms`, { ...form, businessType });
    run.tell(boss, `says which form it is there, 「${form.name}」, and which widget is which field`);
    await change(outside, { provider: provider.code });
    run.tell(boss, `has ${provider.code} decide ${businessType} from now on`);
    await play(outside);
  } finally {
    await module.close();
  }
}

/** Changes the business type. */
export const change = ({ run, businessType }: Outside, what: object): Promise<unknown> =>
  run.call(run.people.boss, 'PATCH', `/business-types/${businessType}`, what);

/** Ann applies here, by REST. */
export async function applyHere({ run, businessType }: Outside, wish: Wish): Promise<Order> {
  const { ann } = run.people;
  const title = `申请「${wish.system}」的权限`;
  const order = await run.call<Order>(ann, 'POST', '/orders', { businessType, title, variables: wish });
  run.tell(ann, `applies here, by POST /orders: ${title}，${wish.reason}`);
  return order;
}

/** What the approval of an order is called at the provider, as soon as it is there. */
export const externalIdOf = ({ run }: Outside, { id }: Order): Promise<string> =>
  found(`an approval of order ${id} at the provider`, async () => {
    const path = `/orders/${id}/outside`;
    const { items } = await run.call<{ items: { externalId: string | null }[] }>(run.people.ann, 'GET', path);
    return items.at(-1)?.externalId ?? null;
  });

/** The order once it has ended, or as it is when that takes too long. */
export async function ended({ run }: Outside, orderId: string): Promise<Order> {
  for (const end = Date.now() + patience; ; await pause(50)) {
    const order = await run.call<Order>(run.people.root, 'GET', `/orders/${orderId}`);
    if (['completed', 'rejected', 'withdrawn'].includes(order.applyStatus) || Date.now() > end) return order;
  }
}

/** What is looked for, as soon as it is there. @throws DemoError naming it when that takes too long */
export async function found<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  for (const end = Date.now() + patience; ; await pause(20)) {
    const seen = await look();
    if (seen !== null) return seen;
    if (Date.now() > end) throw new DemoError(`in vain: ${what}`);
  }
}

/** The order is completed, and ann has what she wanted. */
export async function granted(outside: Outside, order: Order, wish: Wish): Promise<void> {
  const { run, module } = outside;
  const end = await ended(outside, order.id);
  run.expect('the order is completed', end, 'completed', ['approved']);
  const has = module.has(run.people.ann.code, wish.system);
  run.check(`and the module has executed it: ann may use 「${wish.system}」`, has, 'and has not');
}
