/** The house's import rules (docs/architecture.md). A room is a folder in src/; its door is index.ts. */
const rooms = {
  lib: [],
  model: ['lib'],
  protocol: ['model', 'lib'],
  certificates: ['model', 'lib'],
  platform: ['model', 'lib'],
  plan: ['model'],
  manifest: ['platform', 'certificates', 'model', 'lib'],
  engine: ['model', 'lib'],
  build: ['model', 'lib'],
  health: ['model', 'lib'],
  verify: ['health', 'model', 'lib'],
  proxy: ['protocol', 'certificates', 'model', 'lib'],
  traffic: ['protocol', 'model', 'lib'],
  control: ['plan', 'manifest', 'engine', 'build', 'health', 'verify', 'traffic', 'protocol', 'model', 'lib'],
  rehearsal: ['manifest', 'protocol', 'model', 'lib'],
  api: ['control', 'protocol', 'model', 'lib'],
  cli: ['rehearsal', 'manifest', 'protocol', 'certificates', 'model', 'lib'],
};

const layers = Object.entries(rooms).map(([room, allowed]) => ({
  name: `layer-${room}`,
  comment: `${room}/ may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}));

const doors = Object.keys(rooms).map((room) => ({
  name: `door-${room}`,
  comment: `${room}/ is entered through its index.ts`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/(${room}|bin)/` },
  to: { path: `^src/${room}/`, pathNot: `^src/${room}/index\\.ts$` },
}));

export default {
  forbidden: [
    ...layers,
    ...doors,
    { name: 'no-circular', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'bin-enters-through-doors',
      comment: 'bin/ may also use the doors of adapters (engine/docker, build/snapshot)',
      severity: 'error',
      from: { path: '^src/bin/' },
      to: { path: '^src/(?!bin/)', pathNot: '(^|/)index\\.ts$' },
    },
    {
      name: 'nothing-imports-bin',
      severity: 'error',
      from: { path: '^src/(?!bin/)' },
      to: { path: '^src/bin/' },
    },
    {
      name: 'adapters-are-strangers',
      comment: 'engine/docker and engine/process, the builders: none knows another',
      severity: 'error',
      from: { path: '^src/(engine|build)/([^/]+)/' },
      to: { path: '^src/(engine|build)/[^/]+/', pathNot: '^src/$1/$2/' },
    },
    {
      name: 'adapters-are-for-bin',
      comment: 'the port is the door; which adapter stands behind it is decided in bin/ only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(bin|engine|build)/' },
      to: { path: '^src/(engine|build)/[^/]+/' },
    },
    {
      name: 'dockerode-stays-in-its-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(engine/docker|build)/' },
      to: { path: '(^|/)dockerode($|/)' },
    },
    {
      name: 'plan-is-pure',
      comment: 'no node:*, no packages: everything comes in as input',
      severity: 'error',
      from: { path: '^src/plan/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'model-is-pure',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'no-dev-packages-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types/' },
    },
    {
      name: 'no-tests-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts|fixtures)/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
