import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crew, givenCrew } from '../support/acting.js';
import { startApp, type TestApp } from '../support/harness.js';
import { directoryOf } from '../support/resolver-people.js';
import { boss, givenFlow, root, type StageGiven } from '../support/world.js';

/** How many orders are opened and simulated; nightly more. */
const orders = Number(process.env['SIMULATED_ORDERS'] ?? 120);
const perFlow = 20;
const seed = Number(process.env['FC_SEED'] ?? 20_261_122);

const person = fc.constantFrom(...crew.map(({ sub }) => sub));
const stage = fc.record({
  who: fc.oneof(
    fc.uniqueArray(person, { minLength: 1, maxLength: 3 }).map((users) => ({ users })),
    fc.constantFrom('desk', 'board').map((code) => ({ groups: [code] })),
    fc.constant({ node: { auditObjectType: 'leader', auditObject: ['1'], whenNobody: 'skip' } }),
  ),
  mode: fc.constantFrom('any', 'all', 'sequential'),
  condition: fc.constantFrom(undefined, 'amount > 50', "kind = 'a'", "kind in ('b', 'c') or amount < 20"),
});
const flow = fc.record({
  stages: fc.array(stage, { minLength: 1, maxLength: 5 }),
  autoApprove: fc.constantFrom('through_applicant_node', 'applicant_nodes', 'never'),
  dedupe: fc.constantFrom('none', 'consecutive', 'all'),
  distinctApprovers: fc.boolean(),
});
const application = fc.record({
  applicant: fc.constantFrom(...crew),
  variables: fc.record(
    { amount: fc.integer({ min: 0, max: 100 }), kind: fc.constantFrom('a', 'b', 'd') },
    { requiredKeys: [] },
  ),
  /** Who decides something afterwards, and how. */
  decisions: fc.array(fc.tuple(fc.constantFrom(...crew), fc.constantFrom('approve', 'reject', 'return')), {
    maxLength: 3,
  }),
});

const toStage = ({ who, mode, condition }: { who: object; mode: string; condition: string | undefined }) =>
  ({ ...who, mode: mode as 'any', ...(condition ? { condition } : {}) }) satisfies StageGiven;

describe('a template that has not changed', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await givenCrew(app);
    const given = directoryOf(app.as(root));
    await given.group('desk', ['bob', 'carol']);
    await given.group('board', ['dave', 'fay', 'gus']);
    await given.department('sales', { leader: 'gus' });
    await given.user('ann', { department: 'sales' });
    await given.user('bob', { department: 'sales' });
  });

  afterAll(() => app.close());

  it('given random flows and what became of their orders, when it is simulated, then nothing would differ', async () => {
    const flows = fc.sample(flow, { numRuns: Math.ceil(orders / perFlow), seed });
    let simulated = 0;
    for (const [index, { stages, dedupe, distinctApprovers, autoApprove }] of flows.entries()) {
      const rule = distinctApprovers ? { distinctApprovers } : { dedupe };
      const given = await givenFlow(app, stages.map(toStage), { autoApprove, ...rule });
      let opened = 0;
      for (const { applicant, variables, decisions } of fc.sample(application, {
        numRuns: perFlow,
        seed: seed + index,
      })) {
        const { businessType } = given;
        const { status, body } = await app.as(applicant).post('/orders', { businessType, variables });
        // Some find nobody to review them, and are not opened.
        expect([201, 422], JSON.stringify(body)).toContain(status);
        if (status !== 201) continue;
        opened++;
        for (const [who, how] of decisions)
          await app.as(who).post(`/orders/${body.id}/${how}`, how === 'return' ? { toStep: 0 } : {});
      }
      const { body } = await app
        .as(boss)
        .post(`/templates/${given.templateId}/simulate`, { businessType: given.businessType, last: 1_000 });
      const differing = (body.items as { outcome: string; differences: unknown }[]).filter(
        ({ outcome }) => outcome !== 'same',
      );
      expect(differing, `flow ${index} of seed ${seed}`).toEqual([]);
      expect(body.summary).toMatchObject({ orders: opened, same: opened, differ: 0, failed: 0 });
      simulated += opened;
    }
    process.stdout.write(
      `simulations: seed ${seed}, ${simulated} past orders of ${flows.length} flows, 0 differ\n`,
    );
    expect(simulated).toBeGreaterThan(orders / 3);
  }, 600_000);
});
