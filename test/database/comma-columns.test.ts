import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeObjectTypes } from '../../src/engine/vocabulary.js';
import { expectCommaColumnsAgree } from '../support/comma-columns.js';
import { type Answer, type Client, startApp, type TestApp } from '../support/harness.js';
import { created, root } from '../support/world.js';

/** How many random sequences; COMMA_RUNS and COMMA_SEED look elsewhere or for longer. */
const RUNS = Number(process.env.COMMA_RUNS ?? 24);
const SEED = Number(process.env.COMMA_SEED ?? 2026);
const TIMEOUT = { timeout: 600_000 };

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

/** What one sequence has made so far; numbers in actions mean one of these, whichever comes round. */
interface World {
  /** Team administrators of two teams, and the platform's. */
  readonly admins: readonly Client[];
  readonly nodes: string[];
  readonly templates: string[];
  readonly types: string[];
}

type Action = { readonly name: string; readonly run: (world: World) => Promise<Answer | null> };

const pick = <T>(list: readonly T[], number: number): T | undefined => list[number % list.length];
const index = fc.nat({ max: 50 });
const codes = fc.uniqueArray(
  fc.constantFrom('ann', 'bob', 'carol', 'dave', 'eve', '审批人', 'x-1', 'x.2', 'X-1'),
  { minLength: 1, maxLength: 6 },
);
/** Mostly short, sometimes longer than `template_node_id` can show (55 ids). */
const stageList = fc.oneof(
  { weight: 6, arbitrary: fc.array(index, { minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.array(index, { minLength: 54, maxLength: 58 }) },
);

const onOne =
  <Given extends { readonly who: number }>(
    act: (client: Client, given: Given, world: World) => Promise<Answer> | null,
  ) =>
  (given: Given) =>
  (world: World): Promise<Answer | null> =>
    act(pick(world.admins, given.who) as Client, given, world) ?? Promise.resolve(null);

const action = <Given extends object>(
  name: string,
  given: { [Key in keyof Given]: fc.Arbitrary<Given[Key]> },
  run: (given: Given & { who: number }) => Action['run'],
): fc.Arbitrary<Action> =>
  fc.record({ who: index, ...given }).map((values) => ({
    name: `${name} ${JSON.stringify(values)}`,
    run: run(values as Given & { who: number }),
  }));

const stagesOf = (world: World, numbers: readonly number[]) =>
  numbers.map((number) => ({ nodeId: pick(world.nodes, number) }));

/** A type of node and a list that fits it; some of the lists fit other types too, which PATCH may mix. */
const finding = fc.oneof(
  fc.record({ auditObjectType: fc.constantFrom('user', 'group', 'role'), auditObject: codes }),
  fc.record({
    auditObjectType: fc.constant('leader'),
    auditObject: fc.constantFrom(['1'], ['2'], ['20']),
  }),
  fc.record({
    auditObjectType: fc.constant('applicant_choice'),
    auditObject: fc.oneof(fc.constant<string[]>([]), codes),
  }),
  fc.record({
    auditObjectType: fc.constant('resolver'),
    auditObject: fc.constantFrom(
      ['https://93.184.215.14/approvers'],
      ['http://93.184.215.14/a,b?c=d,e'],
      [`https://93.184.215.14/${'审'.repeat(500)}`],
    ),
  }),
);

const createNode = action<{ node: { auditObjectType: string; auditObject: readonly string[] } }>(
  'POST /nodes',
  { node: finding },
  onOne((client, { node }) => client.post('/nodes', { templateNodeName: 'node', ...node })),
);
type NodeChange = 'name' | 'list' | 'type' | 'both';
const patchNode = action<{
  one: number;
  node: { auditObjectType: string; auditObject: readonly string[] };
  change: NodeChange;
}>(
  'PATCH /nodes',
  { one: index, node: finding, change: fc.constantFrom<NodeChange>('name', 'list', 'type', 'both') },
  onOne((client, { one, node: { auditObjectType, auditObject }, change }, { nodes }) => {
    const body = {
      name: { templateNodeName: 'renamed' },
      list: { auditObject },
      type: { auditObjectType },
      both: { auditObjectType, auditObject },
    }[change];
    return client.patch(`/nodes/${pick(nodes, one)}`, body);
  }),
);
const deleteNode = action<{ one: number }>(
  'DELETE /nodes',
  { one: index },
  onOne((client, { one }, { nodes }) => client.delete(`/nodes/${pick(nodes, one)}`)),
);
const createTemplate = action<{ stages: number[] }>(
  'POST /templates',
  { stages: stageList },
  onOne((client, { stages }, world) =>
    client.post('/templates', { templateName: 'template', stages: stagesOf(world, stages) }),
  ),
);
const patchTemplate = action<{ one: number; stages: number[]; rename: boolean }>(
  'PATCH /templates',
  { one: index, stages: stageList, rename: fc.boolean() },
  onOne((client, { one, stages, rename }, world) =>
    client.patch(
      `/templates/${pick(world.templates, one)}`,
      rename ? { templateName: 'renamed' } : { stages: stagesOf(world, stages) },
    ),
  ),
);
const deleteTemplate = action<{ one: number }>(
  'DELETE /templates',
  { one: index },
  onOne((client, { one }, { templates }) => client.delete(`/templates/${pick(templates, one)}`)),
);
const bind = action<{ type: number; one: number }>(
  'PUT /bindings',
  { type: index, one: index },
  onOne((client, { type, one }, { types, templates }) =>
    client.put(`/bindings/${pick(types, type)}`, { templateId: pick(templates, one) }),
  ),
);
const unbind = action<{ type: number }>(
  'DELETE /bindings',
  { type: index },
  onOne((client, { type }, { types }) => client.delete(`/bindings/${pick(types, type)}`)),
);
const replace = action<{ one: number; chosen: number[] }>(
  'PUT /templates/business-types',
  { one: index, chosen: fc.array(index, { maxLength: 4 }) },
  onOne((client, { one, chosen }, { types, templates }) =>
    client.put(`/templates/${pick(templates, one)}/business-types`, {
      businessTypes: [...new Set(chosen.map((number) => pick(types, number)))],
    }),
  ),
);
const deleteType = action<{ type: number }>(
  'DELETE /business-types',
  { type: index },
  onOne((client, { type }, { types }) => client.delete(`/business-types/${pick(types, type)}`)),
);

const sequence = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: createNode },
    { weight: 3, arbitrary: patchNode },
    { weight: 2, arbitrary: deleteNode },
    { weight: 3, arbitrary: createTemplate },
    { weight: 3, arbitrary: patchTemplate },
    { weight: 2, arbitrary: deleteTemplate },
    { weight: 6, arbitrary: bind },
    { weight: 6, arbitrary: unbind },
    { weight: 5, arbitrary: replace },
    { weight: 1, arbitrary: deleteType },
  ),
  { minLength: 10, maxLength: 30, size: 'max' },
);

let worlds = 0;

/** Given two teams and the platform, each with a node and a template, and business types for all. */
async function newWorld(): Promise<World> {
  const number = ++worlds;
  const admins = [
    app.as({ sub: 'admin-a', acc_code: `a${number}`, roles: ['team_admin'] }),
    app.as({ sub: 'admin-b', acc_code: `b${number}`, roles: ['team_admin'] }),
    app.as(root),
  ];
  const world: World = { admins, nodes: [], templates: [], types: [] };
  for (const admin of admins) {
    const node = await created(admin, '/nodes', {
      templateNodeName: 'first',
      auditObjectType: 'user',
      auditObject: ['bob'],
    });
    const template = await created(admin, '/templates', {
      templateName: 'first',
      stages: [{ nodeId: node.id }],
    });
    world.nodes.push(String(node.id));
    world.templates.push(String(template.id));
  }
  for (const name of ['x', 'y', 'z']) {
    const code = `${name}-${number}`;
    await created(app.as(root), '/business-types', { code, name });
    world.types.push(code);
  }
  return world;
}

describe('the comma-separated columns of requirement 003', () => {
  it(
    'agree with the rows that the service queries, whatever is called in whatever order',
    TIMEOUT,
    async () => {
      const answered = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(sequence, async (actions) => {
          const world = await newWorld();
          for (const { name, run } of actions) {
            const answer = await run(world);
            if (!answer) continue;
            expect(answer.status, `${name}: ${JSON.stringify(answer.body)}`).toBeLessThan(500);
            if (answer.status === 201 && answer.body.templateNodeType) world.nodes.push(answer.body.id);
            if (answer.status === 201 && answer.body.templateType) world.templates.push(answer.body.id);
            const found = answer.body?.auditObjectType;
            if (found) answered.set(`a node of ${found}`, 1);
            const kind = `${name.replace(/ \{.*/, '')} ${answer.status}`;
            answered.set(kind, (answered.get(kind) ?? 0) + 1);
            await expectCommaColumnsAgree(app.database);
          }
        }),
        { numRuns: RUNS, seed: SEED },
      );
      // The sequences did reach what they are about.
      for (const kind of [
        'POST /nodes 201',
        'PATCH /nodes 200',
        'PATCH /nodes 400',
        'DELETE /nodes 204',
        'DELETE /nodes 409',
        'POST /templates 201',
        'PATCH /templates 200',
        'DELETE /templates 204',
        'DELETE /templates 409',
        ...nodeObjectTypes.map((type) => `a node of ${type}`),
        'PUT /bindings 200',
        'DELETE /bindings 204',
        'PUT /templates/business-types 200',
        'PUT /templates/business-types 409',
      ]) {
        expect([...answered.keys()]).toContain(kind);
      }
    },
  );

  it('show of a list that is too long as many whole ids as fit, and that there are more', async () => {
    const world = await newWorld();
    const [admin] = world.admins as [Client];
    const stages = Array.from({ length: 56 }, () => ({ nodeId: world.nodes[0] }));
    const long = await created(admin, '/templates', { templateName: 'long', stages });
    const [row] = await app.database.rows<{ template_node_id: string }>(
      'SELECT template_node_id FROM dms_s_apply_template WHERE id = ?',
      [String(long.id)],
    );
    expect(row?.template_node_id).toBe(`${Array.from({ length: 55 }, () => world.nodes[0]).join(',')},…`);
    await expectCommaColumnsAgree(app.database);
  });
});
