import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { PointsmanError } from '../model/index.ts';
import { checkReferences } from './check-references.ts';
import { parseManifestText } from './document.ts';
import type { ManifestDocument } from './document.ts';
import { readService } from './load-service.ts';
import type { LoadedProject } from './model.ts';
import { byPlace } from './problems.ts';
import { certificateProblems } from './project-tls.ts';
import { readDocument } from './read-document.ts';
import type { ReadDocument } from './read-document.ts';

/** Reads a file, or every *.yaml and *.yml of a folder. Throws MANIFEST_NOT_FOUND only: bad content becomes problems. */
export const loadProject = async (target: string, signal: AbortSignal): Promise<LoadedProject> => {
  const manifestFiles = await filesAt(path.resolve(target));
  const parsed = await Promise.all(manifestFiles.map((file) => parseFile(file, signal)));
  const documents = parsed.flatMap((file) => file.documents).map(readDocument);
  const root = path.dirname(manifestFiles[0] ?? path.resolve(target));
  const services = await Promise.all(documents.flatMap(serviceDocument).map((found) => readService(found, signal)));
  const loaded: LoadedProject = {
    ...projectOf(documents, root),
    services: services.map(({ service }) => service),
    rehearsals: documents.flatMap((read) => (read.kind === 'Rehearsal' ? [read] : [])),
    problems: [
      ...parsed.flatMap((file) => file.problems),
      ...documents.flatMap((read) => read.problems),
      ...services.flatMap(({ problems }) => problems),
    ],
    notes: [...new Set(services.flatMap(({ notes }) => notes))],
    files: [...new Set([...manifestFiles, ...services.flatMap(({ files }) => files)])],
    root,
  };
  const isWhole = parsed.every((file) => file.problems.length === 0);
  const problems = [
    ...loaded.problems,
    ...checkReferences(loaded, documents, isWhole),
    ...(await certificateProblems(loaded)),
  ];
  return { ...loaded, problems: problems.toSorted(byPlace) };
};

const filesAt = async (target: string): Promise<string[]> => {
  const found = await stat(target).catch((error: unknown) => {
    throw notFound(`There is no manifest at ${target}.`, error);
  });
  if (!found.isDirectory()) return [target];
  const entries = await readdir(target, { withFileTypes: true }).catch((error: unknown) => {
    throw notFound(`The folder ${target} can't be read.`, error);
  });
  const files = manifestNames(entries.map(({ name }) => name));
  if (files.length > 0) return files.map((name) => path.join(target, name));
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(target, name));
  const inside = await Promise.all(folders.map(async (folder) => manifestNames(await readdir(folder).catch(() => []))));
  const projects = folders.filter((_, index) => inside[index]?.length !== 0).toSorted();
  const fix =
    projects.length === 0 ? undefined : `Name one of the folders in it that hold some: ${projects.join(', ')}.`;
  throw notFound(`The folder ${target} holds no *.yaml file.`, undefined, fix);
};

const manifestNames = (names: readonly string[]): string[] =>
  names.filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.')).toSorted();

const notFound = (
  message: string,
  cause: unknown,
  fix = 'Name a manifest file, or a folder that holds *.yaml files.',
): PointsmanError => new PointsmanError('MANIFEST_NOT_FOUND', { message, fix, cause });

const parseFile = async (file: string, signal: AbortSignal) => {
  try {
    return parseManifestText(file, await readFile(file, { encoding: 'utf8', signal }));
  } catch (error) {
    signal.throwIfAborted();
    const message = `The file can't be read: ${error instanceof Error ? error.message : String(error)}.`;
    const where = { file, line: 1, column: 1 };
    const fix = 'Check that it exists and that you may read it.';
    return {
      documents: [],
      problems: [new PointsmanError('MANIFEST_NOT_FOUND', { message, fix, where, cause: error })],
    };
  }
};

const serviceDocument = (read: ReadDocument) => (read.kind === 'Service' ? [read] : []);

/** Without a Project document the folder's name is the project's. */
const projectOf = (
  documents: readonly ReadDocument[],
  root: string,
): Pick<LoadedProject, 'project' | 'projectDocument'> & { projectDocument: ManifestDocument | undefined } => {
  const written = documents.find((read) => read.kind === 'Project');
  if (written !== undefined) return { project: written.manifest, projectDocument: written.document };
  const folder = path
    .basename(root)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replaceAll(/^-+|-+$/g, '');
  return {
    project: { apiVersion: 'pointsman/v1', kind: 'Project', metadata: { name: folder || 'project' }, spec: {} },
    projectDocument: undefined,
  };
};
