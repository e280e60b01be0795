import { PointsmanError, serviceName } from '../model/index.ts';
import type { ImageSource, Limits, ServiceSpec, SourceLocation, TcpDoor, ValueOrigin } from '../model/index.ts';
import { compilePolicy, providedVariables } from '../platform/index.ts';
import type { CompiledPolicy, DeployChoices } from '../platform/index.ts';
import type { Draft } from './draft.ts';
import type { Effective } from './effective.ts';
import { hostPortsOf } from './host-ports.ts';
import { declaredArguments } from './image-source.ts';
import type { Origins } from './layers.ts';
import type { LoadedProject, ResolveContext } from './model.ts';
import { listenAddress } from './listen-address.ts';
import { bytesOf } from './quantity.ts';
import { specNotes } from './spec-notes.ts';
import { smokeChecksOf, verifyPlanOf } from './verify-plan.ts';
import type { SmokeManifest } from './verify-schema.ts';
import type { VariableResolver } from './variable-resolver.ts';

const KEPT_REVISIONS = 10;

interface Surroundings {
  readonly loaded: LoadedProject;
  readonly context: ResolveContext;
  readonly resolver: VariableResolver;
  /** Of every service, in this environment. */
  readonly domainsOf: (service: string) => readonly string[];
}

interface BuiltSpec {
  readonly spec: ServiceSpec;
  readonly notes: readonly string[];
  readonly problems: readonly PointsmanError[];
}

export const buildSpec = (draft: Draft, surroundings: Surroundings): BuiltSpec => {
  const { effective, identity, found } = draft;
  const variables = {
    ...providedVariables(identity, surroundings.context.privateAddress(identity.name).host),
    ...surroundings.resolver.variablesOf(identity.name),
  };
  const replicas = replicasOf(effective);
  const compiled = policyOf(draft, replicas);
  const startCommand = effective.get('deploy.startCommand');
  const preDeployCommand = firstOf(effective.get('deploy.preDeployCommand'));
  const verify = verifyOf(draft, surroundings);
  const tcp = tcpDoors(effective);
  const spec: ServiceSpec = {
    ...identity,
    platform: draft.platform,
    image: found.source.kind === 'image' ? found.source : withArguments(found.source, variables, draft, surroundings),
    ...(startCommand !== undefined && { startCommand }),
    ...(preDeployCommand !== undefined && { preDeployCommand }),
    replicas,
    port: draft.port,
    ...(tcp.length > 0 && { tcp }),
    ...(compiled.hostPorts.length > 0 && { hostPorts: compiled.hostPorts }),
    variables,
    dependsOn: (draft.service.manifest.spec.dependsOn ?? []).map(serviceName),
    limits: limitsOf(effective),
    policy: compiled.policy,
    ...(verify !== undefined && { verify: verify.plan }),
    keepRevisions: effective.get('keepRevisions') ?? keptRevisions(surroundings.loaded),
    origins: {
      ...defaultsOf(draft, replicas, surroundings.loaded),
      ...effective.origins,
      ...secretOrigins(draft, surroundings.resolver),
      ...compiled.origins,
    },
  };
  return {
    spec,
    notes: [
      ...configNotes(draft),
      ...found.notes,
      ...compiled.notes,
      ...verifyNotes(spec),
      ...specNotes(draft, surroundings.context),
    ],
    problems: [
      ...policyProblems(draft, compiled),
      ...(verify?.problems ?? []),
      ...startProblems(draft, surroundings.context),
    ],
  };
};

const tcpDoors = (effective: Effective): readonly TcpDoor[] =>
  (effective.get('tcp') ?? []).map(({ listen, port }) => ({
    listen: listenAddress(listen),
    ...(port !== undefined && { port }),
  }));

const configNotes = ({ service: { config, manifest } }: Draft): string[] =>
  (config?.notes ?? []).map((note) => `${manifest.spec.config}, ${note}`);

const firstOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'object' ? value[0] : value;

/** Regions are added up: there is one machine here. */
const replicasOf = (effective: Effective): number => {
  const written = effective.get('deploy.numReplicas');
  if (written !== undefined) return written;
  const regions = effective.get('deploy.multiRegionConfig');
  if (regions === undefined) return 1;
  return Object.values(regions).reduce((sum, { numReplicas }) => sum + (numReplicas ?? 1), 0);
};

const policyOf = ({ effective, identity, found, platform, service }: Draft, replicas: number): CompiledPolicy => {
  const choices = Object.entries(effective.origins)
    .filter(([path, { value }]) => path.startsWith('deploy.') && value !== null)
    .map(([path, origin]) => [path.slice('deploy.'.length), origin]);
  return compilePolicy({
    platform,
    deploy: withSmokeChecks(Object.fromEntries(choices) as DeployChoices, identity.name),
    facts: {
      replicas,
      hasVolume: identity.volumes.length > 0,
      hostPorts: hostPortsOf(effective),
      domains: identity.domains,
      hasPort: service.manifest.spec.port !== undefined,
      packaging: found.packaging,
      startCommand: effective.get('deploy.startCommand'),
    },
  });
};

const verifyOf = ({ effective, service }: Draft, { domainsOf }: Surroundings) => {
  const written = effective.get('verify');
  if (written === undefined) return undefined;
  const inEnvironment = effective.sourceOf('verify')?.kind === 'environment';
  return verifyPlanOf(written, {
    service: service.name,
    domainsOf,
    locate: (stage, index) =>
      (inEnvironment ? effective.where('verify') : undefined) ??
      service.document.locate(['spec', 'verify', stage, index]),
  });
};

const verifyNotes = ({ verify, policy }: ServiceSpec): string[] =>
  (verify?.during.length ?? 0) > 0 && policy.order === 'stop-first'
    ? ['verify.during is not asked: the old version stops before the new one starts.']
    : [];

/** The policy has checks with everything filled in; `explain` shows what was written. */
const withSmokeChecks = (deploy: DeployChoices, service: string): DeployChoices => {
  const { smoke } = deploy;
  if (smoke === undefined) return deploy;
  const written = smoke.value as unknown as readonly SmokeManifest[];
  return { ...deploy, smoke: { ...smoke, value: smokeChecksOf(written, service) } };
};

/** Command, the service's own, the project's, then variables; only what the Dockerfile declares. */
const withArguments = (
  source: ImageSource & { readonly kind: 'build' },
  variables: Readonly<Record<string, string>>,
  { effective, identity }: Draft,
  { loaded, context, resolver }: Surroundings,
): ImageSource => {
  const filled = (prefix: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(effective.entries(prefix)).map(([name, variable]) => [
        name,
        resolver.text(identity.name, `${prefix}.${name}`, variable),
      ]),
    );
  const declared = new Set(declaredArguments(source.dockerfile));
  const offered: Record<string, unknown> = {
    ...variables,
    ...loaded.project.spec.buildArgs,
    ...filled('build.args'),
    ...context.buildArgs,
  };
  const own = Object.keys(effective.entries('build.args'));
  const names = Object.keys(offered).filter((name) => declared.has(name) || own.includes(name));
  return {
    ...source,
    args: Object.fromEntries(names.toSorted().map((name) => [name, String(offered[name])])),
    secrets: filled('build.secrets'),
  };
};

const limitsOf = (effective: Effective): Limits => {
  const override = effective.get('deploy.limitOverride');
  const memory = effective.get('limits.memory');
  const memoryBytes = memory === undefined ? override?.containers?.memoryBytes : bytesOf(memory);
  const cpus = effective.get('limits.cpus') ?? override?.containers?.cpu;
  const pids = effective.get('limits.pids');
  return {
    ...(typeof memoryBytes === 'number' && { memoryBytes }),
    ...(typeof cpus === 'number' && { cpus }),
    ...(pids !== undefined && { pids }),
  };
};

const keptRevisions = ({ project }: LoadedProject): number => project.spec.retention?.revisions ?? KEPT_REVISIONS;

const defaultsOf = (
  { platform, port }: Draft,
  replicas: number,
  loaded: LoadedProject,
): Record<string, ValueOrigin> => {
  const values = { platform, port, keepRevisions: keptRevisions(loaded), 'deploy.numReplicas': replicas };
  return Object.fromEntries(
    Object.entries(values).map(([path, value]) => [path, { value, source: { kind: 'default' }, overrode: [] }]),
  );
};

const secretOrigins = ({ effective, identity }: Draft, resolver: VariableResolver): Origins =>
  Object.fromEntries(
    Object.entries(effective.origins)
      .filter(
        ([path]) => path.startsWith('variables.') && resolver.isSecret(identity.name, path.slice('variables.'.length)),
      )
      .map(([path, origin]) => [path, { ...origin, secret: true }]),
  );

const policyProblems = ({ effective, service }: Draft, { problems }: CompiledPolicy): PointsmanError[] =>
  problems.map(({ path, message, fix }) => {
    const where: SourceLocation = effective.where(path) ?? service.document.locate(['spec', ...path.split('.')]);
    return new PointsmanError('MANIFEST_INVALID', { message: `${service.name}: ${message}`, fix, where });
  });

const startProblems = ({ effective, service, found }: Draft, { capabilities }: ResolveContext): PointsmanError[] => {
  const needsCommand = capabilities.builds === 'snapshot' && found.source.kind === 'build';
  if (!needsCommand || effective.get('deploy.startCommand') !== undefined) return [];
  return [
    new PointsmanError('CAPABILITY_MISSING', {
      message: `${service.name}: the ${capabilities.engine} engine does not read Dockerfiles and needs a start command.`,
      fix: 'Set deploy.startCommand, or start Docker.',
      where: service.document.locate(['spec']),
    }),
  ];
};
