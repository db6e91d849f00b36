import { afterAll, afterEach, beforeAll, beforeEach, describe, it, vi } from 'vitest';
import { closeTold, openActing, recounted } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { type HeldTime, holdTime } from '../support/held-time.js';
import { expectSound } from '../support/standing.js';
import {
  anyTimedStage,
  type Chance,
  givenPlaces,
  givenStandingCrew,
  World,
} from '../support/standing-world.js';
import { anyCommand, chanceOf, oneOf } from '../support/walks.js';
import { ann, givenFlow } from '../support/world.js';

/**
 * Orders on which people do anything in any sequence while time passes, people stand in for each other, leave groups and
 * become inactive, and templates change: after everything that happens, lists, log, timers and explanations agree.
 */
const walks = Number(process.env.WALK_SEEDS ?? 10);
const from = Number(process.env.WALK_FROM ?? 1);
const commandsOfOne = 12;

const figures = { commands: 0, done: 0, delegated: 0, stoodIn: 0, fired: 0, moved: 0, checks: 0 };

let app: TestApp;
let time: HeldTime;
beforeAll(async () => {
  app = await startApp();
  await givenStandingCrew(app);
});
afterAll(async () => {
  // oxlint-disable-next-line no-console -- the figures are what this test is for
  console.log(`standing walks: seeds ${from} to ${from + walks - 1}, ${JSON.stringify(figures)}`);
  await closeTold(app);
});
beforeEach(() => {
  time = holdTime(app);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function walk(chance: Chance, walked: unknown[]): Promise<void> {
  await givenPlaces(app);
  const stages = Array.from({ length: 2 + Math.floor(chance() * 2) }, () => anyTimedStage(chance));
  const distinct = chance() < 0.35;
  const options = {
    autoApprove: oneOf(chance, ['never', 'never', 'applicant_nodes', 'through_applicant_node']),
    ...(distinct
      ? { distinctApprovers: true }
      : { dedupe: oneOf(chance, ['none', 'consecutive', 'all'] as const) }),
  };
  walked.push({ stages, options });
  const flow = await givenFlow(app, stages, options);
  const world = new World(app, time, chance, flow);
  for (let n = 0; n < 3; n++) if (chance() < 0.5) walked.push(await world.delegates());
  const order = await openActing(app, flow.businessType, { variables: { amount: chance() < 0.5 ? 5 : 20 } });
  const checked = async (): Promise<string[]> => {
    figures.checks++;
    await recounted(app);
    const turns = await order.turns();
    await expectSound(app, order);
    return turns;
  };
  try {
    for (let last = 'bob', commands = 0; commands < commandsOfOne;) {
      if (chance() < 0.55) {
        walked.push(await world.turns(order));
        await checked();
        continue;
      }
      const turns = await order.turns();
      if (['completed', 'withdrawn'].includes((await order.order()).applyStatus)) break;
      const step = await anyCommand(chance, order, turns, last);
      walked.push(step);
      commands++;
      figures.commands++;
      if (step.status === 200) {
        last = step.who;
        figures.done++;
      }
      await checked();
    }
    const events = (await expectSound(app, order)).transitions.flat();
    figures.stoodIn += events.filter((event) => event.type === 'step.stood_in').length;
    figures.fired += events.flatMap((event) => ('timers' in event ? event.timers : [])).length;
  } finally {
    // What is still open would be under the eyes of the next walk.
    await app.as(ann).post(`/orders/${order.id}/withdraw`, {});
    await world.calm();
    figures.delegated += world.figures.delegated;
    figures.moved += world.figures.moved;
  }
  await expectSound(app, order);
}

describe('a walk on which people stand in and time passes', () => {
  it.each(Array.from({ length: walks }, (_, n) => n + from))('of seed %i', async (seed) => {
    const walked: unknown[] = [];
    try {
      await walk(chanceOf(seed), walked);
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(walked)}`, { cause: error });
    }
  });
});
