import { nameHint } from '../lib/index.ts';
import type { ErrorCode } from '../model/index.ts';
import { environmentName, PointsmanError, projectName } from '../model/index.ts';
import { defaultPlatform, platformNames, providedVariables } from '../platform/index.ts';
import type { Draft } from './draft.ts';
import { Effective } from './effective.ts';
import { hostPortsHeldTwice } from './host-ports.ts';
import { findSource } from './image-source.ts';
import { listenAddress } from './listen-address.ts';
import { environmentChain, environmentsOf, layersOf, merged } from './layers.ts';
import type { LoadedProject, LoadedService, ResolveContext, ResolvedServices } from './model.ts';
import { byPlace } from './problems.ts';
import { buildSpec } from './service-spec.ts';
import { sharedOwner, VariableResolver } from './variable-resolver.ts';
import type { VariableOwner, WrittenVariable } from './variable-resolver.ts';

/** Merges every layer, fills in variables and compiles policies: what the user wrote becomes what is wanted. */
export const resolveServices = (loaded: LoadedProject, context: ResolveContext): ResolvedServices => {
  const drafts = loaded.services.map((service) => draftOf(service, loaded, context));
  const owners = [sharedVariables(loaded, context), ...drafts.map((draft) => variableOwner(draft, context))];
  const resolver = new VariableResolver(owners, context.storedSecrets, context.environment);
  resolver.variablesOf(sharedOwner);
  const domainsOf = (name: string): readonly string[] =>
    drafts.find(({ service }) => service.name === name)?.identity.domains ?? [];
  const built = drafts.map((draft) => buildSpec(draft, { loaded, context, resolver, domainsOf }));
  return {
    specs: built.map(({ spec }) => spec),
    problems: [
      ...unknownNames(loaded, context),
      ...drafts.flatMap(({ found }) => found.problems),
      ...sharedThings(drafts),
      ...hostPortsHeldTwice(drafts),
      ...resolver.problems,
      ...built.flatMap(({ problems }) => problems),
    ].toSorted(byPlace),
    notes: Object.fromEntries(built.map(({ spec, notes }) => [spec.name, notes])),
  };
};

/** Why the project has no environment of that name; undefined: it has. */
export const unknownEnvironment = (loaded: LoadedProject, name: string): PointsmanError | undefined =>
  unknown('MANIFEST_REFERENCE', 'environment', name, Object.keys(environmentsOf(loaded)))[0];

/** What was given with the command; what is in the manifests was checked when they were loaded. */
const unknownNames = (loaded: LoadedProject, { environment, platform }: ResolveContext): PointsmanError[] => {
  const environments = Object.keys(environmentsOf(loaded));
  return [
    ...unknown('MANIFEST_REFERENCE', 'environment', environment, environments),
    ...(platform === undefined ? [] : unknown('PLATFORM_UNKNOWN', 'platform', platform, platformNames)),
  ];
};

const unknown = (code: ErrorCode, what: string, name: string, known: readonly string[]): PointsmanError[] =>
  known.includes(name)
    ? []
    : [new PointsmanError(code, { message: `There is no ${what} "${name}".`, fix: nameHint(name, known) })];

/** A domain leads to one service, and a volume belongs to one. */
const sharedThings = (drafts: readonly Draft[]): PointsmanError[] => {
  const owners = new Map<string, string>();
  return drafts.flatMap(({ service, identity, effective }) =>
    [
      ...identity.domains.map((name) => ({ what: 'domain', path: 'domains', name })),
      ...tcpAddresses(effective).map((name) => ({ what: 'tcp address', path: 'tcp', name })),
      ...identity.volumes.map(({ name }) => ({ what: 'volume', path: 'volumes', name })),
    ].flatMap(({ what, path, name }) => {
      const owner = owners.get(`${what} ${name}`);
      owners.set(`${what} ${name}`, owner ?? service.name);
      if (owner === undefined) return [];
      const message = `The ${what} "${name}" belongs to ${owner} already.`;
      const where = effective.where(path) ?? service.document.locate(['spec', path]);
      return [new PointsmanError('MANIFEST_DUPLICATE', { message, fix: `Give ${service.name} another one.`, where })];
    }),
  );
};

const tcpAddresses = (effective: Effective): readonly string[] =>
  (effective.get('tcp') ?? []).map(({ listen }) => {
    const { host, port } = listenAddress(listen);
    return `${host}:${port}`;
  });

const draftOf = (service: LoadedService, loaded: LoadedProject, context: ResolveContext): Draft => {
  const effective = new Effective(merged(layersOf(service, loaded, context)));
  const platform = effective.get('platform') ?? defaultPlatform;
  const portVariable = Number(effective.get('variables.PORT'));
  const isPort = Number.isInteger(portVariable) && portVariable > 0 && portVariable <= 65_535;
  return {
    service,
    effective,
    found: findSource(service, effective, context.capabilities),
    // Named wrongly is a problem already; the specs of the others must not depend on it.
    platform: platformNames.includes(platform) ? platform : defaultPlatform,
    identity: {
      project: projectName(loaded.project.metadata.name),
      environment: environmentName(context.environment),
      name: service.name,
      domains: domainsIn(service, effective.get('domains') ?? [], context.environment),
      volumes: service.manifest.spec.volumes ?? [],
    },
    port: effective.get('port') ?? (isPort ? portVariable : 8080),
  };
};

/** Environments stand behind one proxy: where one names no domains of its own, its name is put before those it has. */
const domainsIn = (service: LoadedService, domains: readonly string[], environment: string): readonly string[] => {
  const isOwn = service.manifest.spec.environments?.[environment]?.domains !== undefined;
  const prefix = isOwn || bareEnvironments.has(environment) ? '' : `${environment}.`;
  return domains.map((domain) =>
    (domain.startsWith('*.') ? `*.${prefix}${domain.slice(2)}` : `${prefix}${domain}`).toLowerCase(),
  );
};

/** A rehearsal has a proxy of its own, and its load is aimed at production's domains. */
const bareEnvironments = new Set(['production', 'rehearsal']);

const sharedVariables = (loaded: LoadedProject, context: ResolveContext): VariableOwner => {
  const { project, projectDocument } = loaded;
  const read = (variables: object | undefined, prefix: readonly string[]): Record<string, WrittenVariable> =>
    Object.fromEntries(
      Object.entries(variables ?? {}).map(([name, text]) => {
        const where = projectDocument?.locate(['spec', ...prefix, 'variables', name]);
        return [name, { text: String(text), where }];
      }),
    );
  const chain = environmentChain(loaded, context.environment);
  const ofEnvironments = chain
    .toReversed()
    .map((name) => read(project.spec.environments?.[name]?.variables, ['environments', name]));
  const written = Object.assign(read(project.spec.variables, []), ...ofEnvironments) as VariableOwner['written'];
  return { name: sharedOwner, written, provided: {}, toOthers: {} };
};

const variableOwner = ({ effective, identity, port }: Draft, context: ResolveContext): VariableOwner => {
  const address = context.privateAddress(identity.name);
  const [domain] = identity.domains;
  return {
    name: identity.name,
    written: effective.entries('variables'),
    provided: {
      PORT: String(port),
      ...(domain !== undefined && { POINTSMAN_PUBLIC_URL: context.publicUrl(domain) }),
      ...providedVariables(identity, address.host),
    },
    // Where replicas get ports of their own, others go through one that the service itself does not listen on.
    toOthers: address.port === undefined ? {} : { PORT: String(address.port) },
  };
};
