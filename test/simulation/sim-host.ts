import type { Host } from '../../src/control/host.ts';
import type { ProbeRunner } from '../../src/health/index.ts';
import type { LoadedProject, ResolvedServices } from '../../src/manifest/index.ts';
import { environmentName, PointsmanError, projectName, serviceName } from '../../src/model/index.ts';
import type { Check, CheckStage, ServiceSpec } from '../../src/model/index.ts';
import type { Life } from './life.ts';
import { never } from './life.ts';
import { checkOf } from './sim-checks.ts';
import type { Sketch } from './scenario.ts';
import type { World } from './world.ts';

export const project = projectName('shop');
export const environment = environmentName('sim');
export const manifestPath = '/shop/pointsman.yaml';

/** The manifest on the disk, as people edit it. */
export interface Manifest {
  services: ReadonlyMap<string, Sketch>;
  isBroken: boolean;
}

/** Files, manifests and probes as one supervisor meets them. */
export const hostOf = (world: World, life: Life): Host => ({
  files: {
    watch: ({ onChange }) => {
      // Not written where it is assigned: V8 takes such a function for long-lived, and with it the whole world it knows.
      const tell = (): void => void (life.isAlive && onChange(manifestPath));
      return { add: () => void (world.onFileChange = tell), unwatch: () => undefined, close: async () => undefined };
    },
    realPath: (path) => path,
  },
  manifests: { load: async () => loaded(world.manifest), resolve: (found) => resolved(world, found) },
  runProbe: probesOf(world, life),
});

const loaded = ({ services, isBroken }: Manifest): LoadedProject => {
  const where = { file: manifestPath, line: 1, column: 1 };
  const document = { apiVersion: 'pointsman/v1', kind: 'Project', metadata: { name: 'shop' }, spec: {} };
  // Of a loaded project control reads names, problems and places; what it says is resolved by ourselves.
  return {
    project: document,
    projectDocument: undefined,
    services: [...services.keys()].map((name) => ({ name })),
    rehearsals: [],
    problems: isBroken ? [new PointsmanError('MANIFEST_SYNTAX', { message: 'half a file', where })] : [],
    notes: [],
    files: [manifestPath],
    root: '/shop',
  } as unknown as LoadedProject;
};

const resolved = (world: World, { services }: LoadedProject): ResolvedServices => ({
  specs: services.flatMap(({ name }) => {
    const sketch = world.manifest.services.get(name);
    return sketch === undefined ? [] : [specOf(sketch)];
  }),
  problems: [],
  notes: {},
});

const specs = new WeakMap<Sketch, ServiceSpec>();

export const specOf = (sketch: Sketch): ServiceSpec => {
  const known = specs.get(sketch);
  if (known !== undefined) return known;
  const { order, switch: switching } = sketch.policy;
  const standsBeside = order === 'start-first' && switching === 'atomic';
  const asks = (stage: CheckStage): boolean => sketch.checks.includes(stage) && (stage !== 'smoke' || standsBeside);
  const checks = (stage: CheckStage): readonly Check[] => (asks(stage) ? [checkOf(sketch, stage)] : []);
  const spec: ServiceSpec = {
    project,
    environment,
    name: serviceName(sketch.name),
    platform: 'pointsman',
    image: { kind: 'image', reference: `v${sketch.version}` },
    replicas: sketch.replicas,
    port: 8080,
    domains: [sketch.domain],
    ...heldAlone(sketch),
    variables: {},
    dependsOn: sketch.dependsOn.map(serviceName),
    limits: {},
    policy: { ...sketch.policy, ...(asks('smoke') && { smoke: [checkOf(sketch, 'smoke')] }) },
    ...(sketch.checks.some((stage) => stage !== 'smoke') && {
      verify: { before: checks('before'), during: checks('during'), after: checks('after') },
    }),
    keepRevisions: 3,
    origins: {},
    ...(sketch.preDeploy && { preDeployCommand: 'migrate' }),
  };
  specs.set(sketch, spec);
  return spec;
};

/** What only one replica can have: files to write to or, in every other version, a port of the machine. */
const heldAlone = ({ name, version, volume }: Sketch): Pick<ServiceSpec, 'volumes' | 'hostPorts'> => {
  if (!volume) return { volumes: [] };
  if (version % 2 === 0) return { volumes: [{ name: `${name}-data`, mountPath: '/data' }] };
  return { volumes: [], hostPorts: [{ listen: { host: '127.0.0.1', port: 5353 }, port: 53, protocol: 'udp' }] };
};

/** A probe finds what is true; one of a replica that hangs takes all its time. */
const probesOf =
  (world: World, life: Life): ProbeRunner =>
  (replica, _probe, { timeoutSeconds, signal }) => {
    if (!life.isAlive) return never();
    const hangs = world.containers.all.get(replica.id)?.hangs === true;
    const durationMs = hangs ? timeoutSeconds * 1000 : 2;
    return new Promise((resolve) => {
      world.time.after(durationMs, () => {
        const ok = !signal.aborted && !hangs && world.containers.isReady(replica.id);
        resolve({ ok, durationMs, words: ok ? 'answered 200' : hangs ? 'no answer' : 'connection refused' });
      });
    });
  };
