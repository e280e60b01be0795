import { nameHint } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { SourceLocation } from '../model/index.ts';
import { platformNames } from '../platform/index.ts';
import type { ManifestDocument, Path } from './document.ts';
import { environmentChain, environmentsOf } from './layers.ts';
import type { LoadedProject } from './model.ts';
import { manifestSchemas, property } from './read-document.ts';
import type { ReadDocument } from './read-document.ts';
import { sharedOwner } from './variable-resolver.ts';
import type { VerifyManifest } from './verify-schema.ts';

/**
 * What can only be judged with all documents at hand: names used twice, names nobody has, circles. What stands in a
 * text that can't be read is not missed: `isWhole` says that every file could be.
 */
export const checkReferences = (
  loaded: LoadedProject,
  documents: readonly ReadDocument[],
  isWhole: boolean,
): PointsmanError[] => {
  const services = documents.flatMap((read) => (mayBeService(read) ? [nameOf(read)] : []));
  const environments = Object.keys(environmentsOf(loaded));
  return [
    ...(isWhole ? noService(loaded, services) : []),
    ...duplicates(documents),
    ...namesIn(loaded).flatMap(({ names, what, document, path }) => {
      const known = { service: services, environment: environments, platform: platformNames }[what];
      return names.flatMap((name, index) => {
        if (known.includes(name) || (what === 'service' && !isWhole)) return [];
        const place = what === 'service' ? [...path, index] : path;
        return [unknown({ what, name, known }, document.locateKey(place))];
      });
    }),
    ...dependencyCycles(loaded),
    ...environmentCycles(loaded),
    ...reservedNames(loaded),
    ...(isWhole ? workloadHosts(loaded, documents) : []),
  ];
};

/** A file that is still being written can be a whole project so far: it must not read as "remove everything". */
const noService = ({ projectDocument }: LoadedProject, services: readonly string[]): PointsmanError[] => {
  if (services.length > 0 || projectDocument === undefined) return [];
  const fix = 'Add a document of kind Service; to remove everything that runs: pointsman down.';
  const where = projectDocument.locate(['kind']);
  return [new PointsmanError('MANIFEST_INVALID', { message: 'The project has no service.', fix, where })];
};

const kindOf = (read: ReadDocument): string | undefined => (read.kind === 'invalid' ? read.ofKind : read.kind);
/** A kind that is only misspelt may mean a service. */
const mayBeService = (read: ReadDocument): boolean => {
  const kind = kindOf(read);
  return kind === 'Service' || kind === undefined || !Object.hasOwn(manifestSchemas, kind);
};
const nameOf = (read: ReadDocument): string =>
  (read.kind === 'invalid' ? read.name : read.manifest.metadata.name) ?? '';

const duplicates = (documents: readonly ReadDocument[]): PointsmanError[] => {
  const first = new Map<string, ManifestDocument>();
  return documents.flatMap((read) => {
    const kind = kindOf(read);
    if (kind === undefined) return [];
    const key = kind === 'Project' ? kind : `${kind} ${nameOf(read)}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, read.document);
      return [];
    }
    const { file, line } = earlier.locate(['metadata', 'name']);
    const what = kind === 'Project' ? 'A project' : `The ${kind.toLowerCase()} "${nameOf(read)}"`;
    const message = `${what} is already declared at ${file}:${line}.`;
    const where = read.document.locate(['metadata', 'name']);
    return [new PointsmanError('MANIFEST_DUPLICATE', { message, fix: 'Rename or remove one of them.', where })];
  });
};

interface Reference {
  readonly what: 'service' | 'environment' | 'platform';
  readonly names: readonly string[];
  readonly document: ManifestDocument;
  readonly path: Path;
}

const namesIn = (loaded: LoadedProject): Reference[] => [
  ...projectNames(loaded),
  ...loaded.services.flatMap(({ manifest: { spec }, document }): Reference[] => [
    { what: 'service', names: spec.dependsOn ?? [], document, path: ['spec', 'dependsOn'] },
    { what: 'platform', names: given(spec.platform), document, path: ['spec', 'platform'] },
    ...checkedServices(spec.verify, document, ['spec', 'verify']),
    ...Object.entries(spec.environments ?? {}).flatMap(([name, override]): Reference[] => [
      { what: 'environment', names: [name], document, path: ['spec', 'environments', name] },
      { what: 'platform', names: given(override.platform), document, path: ['spec', 'environments', name, 'platform'] },
      ...checkedServices(override.verify, document, ['spec', 'environments', name, 'verify']),
    ]),
  ]),
  ...loaded.rehearsals.flatMap(({ manifest: { spec }, document }): Reference[] => [
    { what: 'service', names: spec.deploy?.services ?? [], document, path: ['spec', 'deploy', 'services'] },
    ...(spec.compare ?? []).map((name, index): Reference => ({
      what: 'platform',
      names: [name],
      document,
      path: ['spec', 'compare', index],
    })),
  ]),
];

/** Services that checks ask about. */
const checkedServices = (verify: VerifyManifest | undefined, document: ManifestDocument, path: Path): Reference[] =>
  (['before', 'during', 'after'] as const).flatMap((stage) =>
    (verify?.[stage] ?? []).flatMap(({ service }, index): Reference[] =>
      service === undefined
        ? []
        : [{ what: 'service', names: [service], document, path: [...path, stage, index, 'service'] }],
    ),
  );

const projectNames = ({ project, projectDocument: document }: LoadedProject): Reference[] => {
  if (document === undefined) return [];
  return [
    { what: 'platform', names: given(project.spec.platform), document, path: ['spec', 'platform'] },
    ...Object.entries(project.spec.environments ?? {}).flatMap(([name, environment]): Reference[] => [
      { what: 'environment', names: given(environment.from), document, path: ['spec', 'environments', name, 'from'] },
      {
        what: 'platform',
        names: given(environment.platform),
        document,
        path: ['spec', 'environments', name, 'platform'],
      },
    ]),
  ];
};

const given = (name: string | undefined): readonly string[] => (name === undefined ? [] : [name]);

const unknown = (
  { what, name, known }: { readonly what: Reference['what']; readonly name: string; readonly known: readonly string[] },
  where: SourceLocation,
): PointsmanError =>
  new PointsmanError(what === 'platform' ? 'PLATFORM_UNKNOWN' : 'MANIFEST_REFERENCE', {
    message: `There is no ${what} "${name}".`,
    fix: nameHint(name, known),
    where,
  });

/** Each circle once, named from the service that is written first. */
const dependencyCycles = ({ services }: LoadedProject): PointsmanError[] => {
  const finished = new Set<string>();
  const byName = new Map<string, (typeof services)[number]>(services.map((service) => [service.name, service]));
  const search = (name: string, trail: readonly string[]): PointsmanError[] => {
    const service = byName.get(name);
    if (service === undefined || finished.has(name)) return [];
    const start = trail.indexOf(name);
    if (start >= 0) {
      const circle = [...trail.slice(start), name].join(' → ');
      const message = `These services wait for each other: ${circle}.`;
      const where = service.document.locateKey(['spec', 'dependsOn']);
      return [new PointsmanError('DEPENDENCY_CYCLE', { message, fix: 'Remove one dependsOn of the circle.', where })];
    }
    const found = (service.manifest.spec.dependsOn ?? []).flatMap((next) => search(next, [...trail, name]));
    finished.add(name);
    return found;
  };
  return services.flatMap(({ name }) => search(name, []));
};

const environmentCycles = (loaded: LoadedProject): PointsmanError[] => {
  const environments = loaded.project.spec.environments ?? {};
  return Object.keys(environments).flatMap((name) => {
    const chain = environmentChain(loaded, name);
    if (environments[chain.at(-1) ?? '']?.from !== name) return [];
    const message = `The environment begins with itself: ${[...chain, name].join(' → ')}.`;
    const where = loaded.projectDocument?.locate(['spec', 'environments', name, 'from']);
    const fix = 'Remove one from of the circle.';
    return [new PointsmanError('DEPENDENCY_CYCLE', { message, fix, ...(where !== undefined && { where }) })];
  });
};

const reservedNames = ({ services }: LoadedProject): PointsmanError[] =>
  services
    .filter(({ name }) => name === sharedOwner)
    .map(({ document }) => {
      const message = `A service can't be called "${sharedOwner}": \${{${sharedOwner}.NAME}} means the project's variables.`;
      const where = document.locate(['metadata', 'name']);
      return new PointsmanError('MANIFEST_INVALID', { message, fix: 'Give it another name.', where });
    });

/** Load on a host that no service has would only measure the proxy's 404. */
const workloadHosts = ({ rehearsals }: LoadedProject, documents: readonly ReadDocument[]): PointsmanError[] => {
  const domains = documents.filter(mayBeService).flatMap(({ document }) => domainsIn(document.value));
  const isKnown = (host: string): boolean =>
    domains.some((domain) => (domain.startsWith('*') ? host.endsWith(domain.slice(1)) : domain === host));
  return rehearsals.flatMap(({ manifest, document }) =>
    (manifest.spec.workloads ?? []).flatMap((workload, index) =>
      (['http', 'sse', 'jobs'] as const).flatMap((kind) => {
        const host = workload[kind]?.host;
        if (host === undefined || isKnown(host)) return [];
        const where = document.locate(['spec', 'workloads', index, kind, 'host']);
        const message = `No service has the domain "${host}".`;
        return [new PointsmanError('MANIFEST_REFERENCE', { message, fix: nameHint(host, domains), where })];
      }),
    ),
  );
};

/** As written, also in a document that is wrong elsewhere. */
const domainsIn = (value: unknown): readonly string[] => {
  const spec = property(value, 'spec');
  const overrides = Object.values(property(spec, 'environments') ?? {});
  return [spec, ...overrides].flatMap((part) => {
    const domains = property(part, 'domains');
    return Array.isArray(domains) ? domains.filter((domain) => typeof domain === 'string') : [];
  });
};
