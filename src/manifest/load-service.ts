import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { PointsmanError, serviceName } from '../model/index.ts';
import type { ConfigFile } from './config-file.ts';
import type { ManifestDocument } from './document.ts';
import { readRailwayConfig } from './import/railway/index.ts';
import type { LoadedService } from './model.ts';
import type { ServiceManifest } from './service-schema.ts';

interface ServiceRead {
  readonly service: LoadedService;
  readonly problems: readonly PointsmanError[];
  readonly notes: readonly string[];
  readonly files: readonly string[];
}

/** The service's source folder and config file, found and read. */
export const readService = async (
  { manifest, document }: { readonly manifest: ServiceManifest; readonly document: ManifestDocument },
  signal: AbortSignal,
): Promise<ServiceRead> => {
  const { source, config } = manifest.spec;
  const folder = path.dirname(document.file);
  const sourceFolder = source === undefined ? undefined : path.resolve(folder, source);
  const service = { name: serviceName(manifest.metadata.name), manifest, document, sourceFolder, config: undefined };
  const missing = sourceFolder === undefined ? undefined : await missingSource(sourceFolder, document);
  if (missing !== undefined) return { service, problems: [missing], notes: [], files: [] };
  if (config === undefined) return { service, problems: [], notes: [], files: [] };
  // A leading slash means the source folder, as it means the repository's root in production.
  const configFile = path.join(sourceFolder ?? folder, config);
  const read = await readConfig(configFile, document, signal);
  if (read instanceof PointsmanError) return { service, problems: [read], notes: [], files: [configFile] };
  return {
    service: { ...service, config: read.problems.length > 0 ? undefined : read },
    problems: read.problems,
    notes: read.general,
    files: [configFile],
  };
};

const missingSource = async (folder: string, document: ManifestDocument): Promise<PointsmanError | undefined> => {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return undefined;
  return new PointsmanError('SOURCE_NOT_FOUND', {
    message:
      found === undefined ? `The source folder ${folder} does not exist.` : `The source ${folder} is not a folder.`,
    fix: "spec.source is a folder, from the manifest's own folder.",
    where: document.locate(['spec', 'source']),
  });
};

const readConfig = async (
  file: string,
  document: ManifestDocument,
  signal: AbortSignal,
): Promise<ConfigFile | PointsmanError> => {
  const where = document.locate(['spec', 'config']);
  if (!/\.(toml|jsonc?)$/.test(file)) {
    const message = `spec.config must be a .toml or .json file, but is ${path.basename(file)}.`;
    return new PointsmanError('CONFIG_INVALID', {
      message,
      fix: 'Other kinds of config files are not read yet.',
      where,
    });
  }
  try {
    return readRailwayConfig(file, await readFile(file, { encoding: 'utf8', signal }));
  } catch (error) {
    signal.throwIfAborted();
    const message = `The config file ${file} can't be read.`;
    const fix = 'spec.config is a file, from the source folder.';
    return new PointsmanError('CONFIG_NOT_FOUND', { message, fix, where, cause: error });
  }
};
