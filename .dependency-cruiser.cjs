// Which room may import from which (AGENTS.md tells the reasons). Paths are relative to the repository.

/** Rooms that know nothing of approvals. */
const platform = ['config', 'runtime', 'database', 'http', 'auth', 'outbound', 'outbox', 'observability'];

/**
 * Every feature, and the features it may build on. Imports point down: steps, objects, gate, providers → orders →
 * bindings → templates → nodes.
 */
const recordKeeping = ['directory', 'operation-log'];
const nodes = ['versions', ...recordKeeping];
const businessTypes = recordKeeping;
const calendars = recordKeeping;
const templates = ['nodes', 'business-types', 'calendars', ...nodes];
const bindings = ['templates', ...templates];
const approvers = ['templates', ...templates];
const delegations = recordKeeping;
const orders = ['approvers', 'bindings', 'calendars', 'delegations', ...bindings];
const aboveOrders = ['orders', ...orders];
const mayUse = {
  directory: [],
  'operation-log': [],
  'api-keys': recordKeeping,
  versions: [],
  nodes,
  'business-types': businessTypes,
  templates,
  bindings,
  approvers,
  calendars,
  delegations,
  orders,
  stuck: aboveOrders,
  timers: aboveOrders,
  handovers: aboveOrders,
  moves: aboveOrders,
  steps: ['stuck', ...aboveOrders],
  explain: aboveOrders,
  callbacks: aboveOrders,
  objects: aboveOrders,
  audit: aboveOrders,
  simulations: aboveOrders,
  providers: ['callbacks', ...aboveOrders],
  'directory-sync': ['api-keys', ...aboveOrders],
  gate: ['audit', 'providers', 'callbacks', ...aboveOrders],
  notifications: ['providers', 'callbacks', ...aboveOrders],
};

const features = Object.keys(mayUse);
const anyOf = (names) => `(${names.join('|')})`;
const inRoom = (names) => `^src/${anyOf(names)}/`;
/** The only places that may import everything. */
const roots = '^src/(app\\.module\\.ts|app\\.ts|entities\\.ts|main\\.ts|cli/)';
const spec = '\\.spec\\.ts$';
/** Specs, and what they share. */
const specs = '\\.spec(-support)?\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that import each other are one file in two places; types count too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'known-rooms',
      comment:
        'A new folder under src needs a place in this file: is it platform or a feature, and what may it use?',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: [inRoom([...platform, ...features, 'engine']), roots] },
    },
    {
      name: 'engine-is-pure',
      comment: 'The engine imports nothing from outside itself: no package, no Node module, no other room.',
      severity: 'error',
      from: { path: '^src/engine/', pathNot: specs },
      to: { pathNot: '^src/engine/' },
    },
    {
      name: 'engine-specs-are-plain',
      comment:
        'The specs of the engine need the engine, vitest and fast-check, nothing that starts or stores.',
      severity: 'error',
      from: { path: `^src/engine/.*${specs}` },
      to: { pathNot: ['^src/engine/', '^node_modules/(vitest|fast-check)/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'platform-knows-no-feature',
      comment: 'Platform rooms carry features and know none; a feature hands itself in through a port.',
      severity: 'error',
      from: { path: inRoom(platform) },
      to: { path: inRoom(features) },
    },
    {
      name: 'only-roots-import-roots',
      comment: 'The composition root is on top: nobody below it imports it.',
      severity: 'error',
      from: { path: '^src/', pathNot: roots },
      to: { path: roots },
    },
    {
      name: 'features-meet-at-the-door',
      comment:
        'Another feature is reached through its *.service, *.module or *.port file, or its sentences (*.texts), never its tables or routes.',
      severity: 'error',
      from: { path: inRoom(features) },
      to: { path: inRoom(features), pathNot: ['^src/$1/', '\\.(service|module|port|texts)\\.ts$'] },
    },
    ...features.map((feature) => ({
      name: `${feature}-points-down`,
      comment: `${feature} may use ${mayUse[feature].join(', ') || 'no other feature'}.`,
      severity: 'error',
      from: { path: `^src/${feature}/` },
      to: { path: inRoom(features), pathNot: inRoom([feature, ...mayUse[feature]]) },
    })),
    {
      name: 'migrations-stand-alone',
      comment: 'A migration must do tomorrow what it does today, so it imports no code that may change.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|test|bench|examples|scripts)/' },
    },
    {
      name: 'source-without-tests',
      comment: 'What is shipped imports nothing that is not.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
    {
      name: 'no-import-of-specs',
      severity: 'error',
      comment: 'What two specs share belongs into a file of its own.',
      from: {},
      to: { path: spec },
    },
    {
      name: 'shipped-code-uses-shipped-packages',
      comment: 'The image has no devDependencies.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: specs },
      to: { dependencyTypes: ['npm-dev', 'npm-unknown', 'npm-no-pkg'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: '^(node_modules|dist)/' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
