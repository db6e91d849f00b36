import { afterAll, beforeAll, describe, it } from 'vitest';
import { closeTold, givenCrew, openActing, recounted } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { historiesOf } from '../support/order-history.js';
import { directoryOf } from '../support/resolver-people.js';
import { anyCommand, anyStage, chanceOf, codes, oneOf, some, type Step } from '../support/walks.js';
import { givenFlow, root } from '../support/world.js';

/**
 * Orders on which people do anything in any sequence: at every moment the to-do lists hold the order for exactly those
 * who may decide it, and the log tells all of it.
 */
let app: TestApp;
let given: ReturnType<typeof directoryOf>;
const groups = ['walkers', 'runners'];
beforeAll(async () => {
  app = await startApp();
  given = directoryOf(app.as(root));
  await givenCrew(app);
});
afterAll(() => closeTold(app));

const seeds = Array.from(
  { length: Number(process.env.WALK_SEEDS ?? 10) },
  (_, n) => n + Number(process.env.WALK_FROM ?? 1),
);

describe('a walk', () => {
  it.each(seeds)('of seed %i', async (seed) => {
    const chance = chanceOf(seed);
    await given.group('walkers', ['bob', 'carol', 'dave']);
    await given.group('runners', ['dave', 'fay']);
    const stages = Array.from({ length: 2 + Math.floor(chance() * 2) }, () => anyStage(chance, groups));
    const { businessType } = await givenFlow(app, stages, {
      autoApprove: oneOf(chance, ['never', 'applicant_nodes', 'through_applicant_node']),
      dedupe: oneOf(chance, ['none', 'consecutive', 'all']),
    });
    const order = await openActing(app, businessType, { variables: { amount: chance() < 0.5 ? 5 : 20 } });
    const walked: Step[] = [];
    try {
      for (let last = 'bob'; walked.length < 18;) {
        if (chance() < 0.15) {
          // Somebody leaves a group, or comes into it: open steps follow by themselves.
          await given.group(oneOf(chance, groups), some(chance, codes));
        }
        await recounted(app);
        const turns = await order.turns();
        if (['completed', 'withdrawn'].includes((await order.order()).applyStatus)) break;
        const step = await anyCommand(chance, order, turns, last);
        if (step.status === 200) last = step.who;
        walked.push(step);
      }
      await historiesOf(app.database);
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify({ stages, walked })}`, { cause: error });
    }
  });
});
