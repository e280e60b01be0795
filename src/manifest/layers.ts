import type { SourceLocation, ValueOrigin, ValueSource } from '../model/index.ts';
import type { ConfigFile, ConfigValues } from './config-file.ts';
import type { Path } from './document.ts';
import type { LoadedProject, LoadedService, ResolveContext } from './model.ts';

/** One place's say about some values, by dotted path. */
export interface Layer {
  readonly values: ReadonlyMap<string, { readonly value: unknown; readonly source: ValueSource }>;
}

export type Origins = Readonly<Record<string, ValueOrigin>>;

/** Strongest first: command, the manifest's environment, the manifest, the config file's environment, the config file, the project. */
export const layersOf = (service: LoadedService, loaded: LoadedProject, context: ResolveContext): readonly Layer[] => {
  const { spec } = service.manifest;
  const chain = environmentChain(loaded, context.environment);
  const written = (value: object, prefix: Path, kind: 'manifest' | 'environment'): Layer =>
    flattened(value, (path) => ({ kind, where: service.document.locate(['spec', ...prefix, ...path]) }));
  const { environments, ...base } = spec;
  return [
    commandLayer(service, context),
    ...chain.flatMap((name) => {
      const override = environments?.[name];
      return override === undefined ? [] : [written(override, ['environments', name], 'environment')];
    }),
    written(base, [], 'manifest'),
    ...(service.config === undefined ? [] : configLayers(service.config, chain)),
    ...projectLayers(loaded, chain),
  ];
};

/** What the project declares, and the two that every project has: `rehearse` uses one of its own that is like production. */
export const environmentsOf = ({
  project,
}: LoadedProject): Readonly<Record<string, { readonly from?: string | undefined }>> => ({
  production: {},
  rehearsal: { from: 'production' },
  ...project.spec.environments,
});

/** Whether saved files are deployed there without being asked for. */
export const deploysByItself = ({ project }: LoadedProject, environment: string): boolean =>
  project.spec.environments?.[environment]?.autoDeploy ?? true;

/** The environment itself, then what it begins with, and so on. */
export const environmentChain = (loaded: LoadedProject, environment: string): readonly string[] => {
  const environments = environmentsOf(loaded);
  const chain = [environment];
  for (;;) {
    const from = environments[chain.at(-1) ?? '']?.from;
    if (from === undefined || chain.includes(from)) return chain;
    chain.push(from);
  }
};

/** The strongest layer wins; what it overrode is kept. */
export const merged = (layers: readonly Layer[]): Origins => {
  const origins: Record<string, ValueOrigin> = {};
  for (const layer of layers) {
    for (const [path, said] of layer.values) {
      const winner = origins[path];
      origins[path] =
        winner === undefined ? { ...said, overrode: [] } : { ...winner, overrode: [...winner.overrode, said] };
    }
  }
  return origins;
};

const commandLayer = (service: LoadedService, { variables, overrideServices, platform }: ResolveContext): Layer => {
  const isMeant = overrideServices === 'all' || overrideServices.includes(service.name);
  return flattened({ platform, ...(isMeant && { variables }) }, () => ({ kind: 'command' }));
};

/** The only thing a project says for its services is whose rules hold; its variables are referred to, not inherited. */
const projectLayers = ({ project, projectDocument }: LoadedProject, chain: readonly string[]): Layer[] => {
  if (projectDocument === undefined) return [];
  const layer = (platform: string | undefined, prefix: Path, kind: 'manifest' | 'environment'): Layer =>
    flattened({ platform }, () => ({ kind, where: projectDocument.locate(['spec', ...prefix, 'platform']) }));
  return [
    ...chain.map((name) => layer(project.spec.environments?.[name]?.platform, ['environments', name], 'environment')),
    layer(project.spec.platform, [], 'manifest'),
  ];
};

const configLayers = (config: ConfigFile, chain: readonly string[]): Layer[] => {
  const layer = (values: ConfigValues, prefix: Path): Layer =>
    flattened(values, (path): { kind: 'config-file'; where: SourceLocation } => ({
      kind: 'config-file',
      where: config.locate([...prefix, ...path]),
    }));
  const names = config.environmentNames(chain);
  return [
    ...names.flatMap((name) => {
      const values = config.environments[name];
      return values === undefined ? [] : [layer(values, ['environments', name])];
    }),
    layer(config.base, []),
  ];
};

/** Maps whose entries are values of their own; everything else is one value. */
const nested = new Set(['build', 'deploy', 'limits', 'variables', 'build.args', 'build.secrets']);

const flattened = (value: object, sourceAt: (path: Path) => ValueSource): Layer => {
  const values = new Map<string, { value: unknown; source: ValueSource }>();
  const visit = (item: object, path: readonly string[]): void => {
    for (const [key, inner] of Object.entries(item) as [string, unknown][]) {
      const at = [...path, key];
      const dotted = at.join('.');
      if (inner === undefined) continue;
      if (nested.has(dotted) && typeof inner === 'object' && inner !== null) visit(inner, at);
      else values.set(dotted, { value: inner, source: sourceAt(at) });
    }
  };
  visit(value, []);
  return { values };
};
