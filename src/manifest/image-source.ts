import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { PointsmanError } from '../model/index.ts';
import type { Capabilities, ImageSource } from '../model/index.ts';
import type { Effective } from './effective.ts';
import type { LoadedService } from './model.ts';

/** Where a service's files are, before its variables are known. */
export interface FoundSource {
  readonly source: ImageSource;
  /** Dockerfile or image, or plain source that a platform would detect how to build. */
  readonly packaging: 'container' | 'source';
  readonly notes: readonly string[];
  readonly problems: readonly PointsmanError[];
}

export const findSource = (service: LoadedService, effective: Effective, capabilities: Capabilities): FoundSource => {
  const image = effective.get('image');
  if (image !== undefined) return readyImage(image, service, capabilities);
  const root = service.sourceFolder ?? path.dirname(service.document.file);
  const found = findDockerfile(service, effective, root);
  const builder = effective.get('build.builder');
  const target = effective.get('build.target');
  const buildCommand = effective.get('build.buildCommand');
  const needsFile = capabilities.builds === 'image' && !found.exists;
  return {
    source: {
      kind: 'build',
      context: found.context,
      dockerfile: found.dockerfile,
      ...(target !== undefined && { target }),
      args: {},
      secrets: {},
      ...(buildCommand !== undefined && { buildCommand }),
      watchPatterns: effective.get('build.watchPatterns') ?? [],
      watchRoot: root,
    },
    packaging: found.exists || builder === 'DOCKERFILE' ? 'container' : 'source',
    notes: [...found.notes, ...builderNotes(builder, found.exists)],
    problems: needsFile ? [missingDockerfile(found.candidates, effective, service)] : [],
  };
};

/** Names that the Dockerfile declares, so that no build gets arguments it does not know. */
export const declaredArguments = (dockerfile: string): readonly string[] => {
  if (!isFile(dockerfile)) return [];
  return [...readFileSync(dockerfile, 'utf8').matchAll(/^[ \t]*ARG[ \t]+(.+)$/gim)].flatMap(([, declared = '']) =>
    [...declared.matchAll(/(?:^|\s)([A-Za-z_]\w*)(?==|\s|$)/g)].flatMap(([, name]) => name ?? []),
  );
};

const readyImage = (reference: string, service: LoadedService, capabilities: Capabilities): FoundSource => ({
  source: { kind: 'image', reference },
  packaging: 'container',
  notes: [],
  problems:
    capabilities.builds === 'image'
      ? []
      : [
          new PointsmanError('CAPABILITY_MISSING', {
            message: `The ${capabilities.engine} engine can't run the image ${reference}.`,
            fix: 'Start Docker, or give the service a source folder and a startCommand.',
            where: service.document.locate(['spec', 'image']),
          }),
        ],
});

interface FoundDockerfile {
  readonly dockerfile: string;
  readonly context: string;
  readonly exists: boolean;
  readonly candidates: readonly string[];
  readonly notes: readonly string[];
}

/**
 * From the source folder; a config file's own folder is the second place to look, because that is where a service's root
 * directory points in repositories with several services.
 */
const findDockerfile = (service: LoadedService, effective: Effective, root: string): FoundDockerfile => {
  const written = effective.get('build.dockerfilePath') ?? 'Dockerfile';
  const givenContext = effective.get('build.context');
  const context = givenContext === undefined ? root : path.join(root, givenContext);
  const inContext = path.join(context, written);
  const mayBeBesideConfig = !written.startsWith('/') && effective.sourceOf('build.dockerfilePath')?.kind !== 'manifest';
  const configFolder = service.config === undefined || !mayBeBesideConfig ? [] : [path.dirname(service.config.file)];
  const candidates = [
    ...new Set([path.join(root, written), inContext, ...configFolder.map((at) => path.join(at, written))]),
  ];
  const dockerfile = candidates.find(isFile);
  const isBesideConfig = dockerfile !== undefined && dockerfile !== candidates[0] && dockerfile !== inContext;
  return {
    dockerfile: dockerfile ?? candidates[0] ?? inContext,
    context: isBesideConfig && givenContext === undefined ? path.dirname(dockerfile) : context,
    exists: dockerfile !== undefined,
    candidates,
    notes: isBesideConfig
      ? [`${written} was found beside the config file, not in the source folder: that folder is the build context.`]
      : [],
  };
};

const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() === true;

const builderNotes = (builder: string | undefined, hasDockerfile: boolean): string[] =>
  builder === undefined || builder === 'DOCKERFILE' || !hasDockerfile
    ? []
    : [`build.builder: ${builder} has no effect: there is a Dockerfile, and it wins.`];

const missingDockerfile = (
  candidates: readonly string[],
  effective: Effective,
  service: LoadedService,
): PointsmanError =>
  new PointsmanError('DOCKERFILE_NOT_FOUND', {
    message: `There is no Dockerfile at ${candidates.join(' or ')}.`,
    fix: 'Write one, name it with build.dockerfilePath (from the source folder), or run without containers: --engine process.',
    where: effective.where('build.dockerfilePath') ?? service.document.locate(['spec', 'source']),
  });
