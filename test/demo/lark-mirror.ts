import type { FakeLark } from '../support/lark/fake-lark.js';
import { applyHere, change, found, granted, type Outside } from './outside.js';

type Row = Readonly<Record<string, unknown>>;

/** An order that lives here is shown in Feishu's approval centre, and decided by a button there (三方审批). */
export async function decidedThere(
  outside: Outside & { readonly lark: FakeLark },
  reviewer: string,
): Promise<void> {
  const { run, lark, businessType } = outside;
  const { ann, bob, boss } = run.people;
  run.title('6. An order that lives here, decided by a button in Feishu (三方快捷审批)');
  for (const person of [ann, bob]) await run.list(person);
  await change(outside, { mirror: 'feishu' });
  run.tell(boss, `has the orders of ${businessType} shown in Feishu besides: "mirror": "feishu"`);
  const wish = { system: '工单后台', reason: '值班' };
  const order = await applyHere(outside, wish);
  const todo = `${order.id}/`;
  const task = await found("the order in bob's to-do list in Feishu", () => {
    const mine = lark.external.todo(reviewer).find((one) => one.startsWith(todo));
    return mine?.slice(todo.length) ?? null;
  });
  const title = titleOf(lark.external.instance(order.id).body);
  run.check(`bob finds it in Feishu: ${title}`, title.includes(wish.system), 'without what it is about');
  const pressed = await lark.external.press(order.id, task, 'APPROVE', { reason: '值班要用' });
  run.tell(bob, 'presses 同意 there: 值班要用');
  run.check('the button works', pressed?.status === 200, `it was answered ${JSON.stringify(pressed)}`);
  await granted(outside, order, wish);
  const shown = await found('the end of the order in Feishu', () => {
    const { status } = lark.external.instance(order.id).body;
    return status === 'PENDING' ? null : status;
  });
  run.check('and Feishu shows it as approved', shown === 'APPROVED', `but as ${String(shown)}`);
}

/** The title in the default language. */
function titleOf({ title, i18n_resources: resources }: Row): string {
  const byDefault = (resources as readonly Row[]).find((one) => one.is_default === true);
  const text = (byDefault?.texts as readonly Row[] | undefined)?.find(({ key }) => key === title);
  return String(text?.value);
}
