import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { loadProject, resolveServices } from '../../src/manifest/index.ts';
import type { LoadedProject, ResolveContext, ResolvedServices } from '../../src/manifest/index.ts';
import type { Capabilities, PointsmanError, ServiceSpec } from '../../src/model/index.ts';

/** Real files in a folder that goes when the test ends. */
export const projectFolder = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pointsman-manifest-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
};

export const load = (folder: string): Promise<LoadedProject> => loadProject(folder, new AbortController().signal);

export const docker: Capabilities = {
  engine: 'docker',
  privateNames: 'dns',
  ports: 'fixed',
  builds: 'image',
  limits: { memory: true, cpus: true, pids: true },
  volumes: true,
  isolatesFiles: true,
};
export const processEngine: Capabilities = {
  engine: 'process',
  privateNames: 'loopback',
  ports: 'assigned',
  builds: 'snapshot',
  limits: { memory: false, cpus: false, pids: false },
  volumes: false,
  isolatesFiles: false,
};

export const contextWith = (changes: Partial<ResolveContext>): ResolveContext => {
  const kept = new Map<string, string>();
  return {
    environment: 'production',
    variables: {},
    overrideServices: [],
    buildArgs: {},
    capabilities: docker,
    storedSecrets: { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) },
    privateAddress: (service) => ({ host: `${service}.railway.internal` }),
    publicUrl: (domain) => `http://${domain}:8080`,
    ...changes,
  };
};

/** Loads and resolves files that must load without problems. */
export const resolve = async (
  files: Readonly<Record<string, string>>,
  changes: Partial<ResolveContext> = {},
): Promise<ResolvedServices & { readonly spec: (name: string) => ServiceSpec }> => {
  const loaded = await load(projectFolder(files));
  if (loaded.problems.length > 0) throw new Error(lines(loaded.problems, loaded.root).join('\n'));
  const resolved = resolveServices(loaded, contextWith(changes));
  const spec = (name: string): ServiceSpec => {
    const found = resolved.specs.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no spec of ${name}`);
    return found;
  };
  return { ...resolved, spec };
};

/** `CODE file:line:column message fix`, with files relative to the folder: what a user reads. */
export const lines = (problems: readonly PointsmanError[], folder: string): string[] =>
  problems.map(({ code, where, message, fix }) => {
    const place = where === undefined ? '' : ` ${path.relative(folder, where.file)}:${where.line}:${where.column}`;
    return `${code}${place} ${message}${fix === undefined ? '' : ` ${fix}`}`.replaceAll(`${folder}/`, '');
  });

/** A service manifest with the given spec, as text. */
export const service = (name: string, spec: string): string =>
  `apiVersion: pointsman/v1\nkind: Service\nmetadata: { name: ${name} }\nspec:\n${spec
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`;

export const project = (spec: string): string =>
  `apiVersion: pointsman/v1\nkind: Project\nmetadata: { name: shop }\nspec:\n${spec
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`;
