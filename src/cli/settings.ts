import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PointsmanError } from '../model/index.ts';

/** The options every verb takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly stateDir?: string;
  readonly manifests?: string;
  readonly environment?: string;
  readonly engine?: string;
  readonly http?: string;
  readonly https?: string;
  readonly metrics?: string;
  readonly accessLog?: string;
  readonly color?: boolean;
}

/** Which project, where its state is, and what its supervisor is started with. */
export interface Settings {
  /** Absolute file or folder. */
  readonly manifests: string;
  readonly stateDir: string;
  readonly environment: string | undefined;
  readonly engine: string | undefined;
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly metrics: string | undefined;
  /** Absolute, or `-`. */
  readonly accessLog: string | undefined;
}

export const settingsOf = (options: GlobalOptions, cwd: string, path?: string): Settings => {
  const manifests = findManifests(cwd, path ?? options.manifests);
  return {
    manifests,
    stateDir: options.stateDir === undefined ? stateBeside(manifests) : resolve(cwd, options.stateDir),
    environment: options.environment,
    engine: options.engine,
    http: options.http,
    https: options.https,
    metrics: options.metrics,
    accessLog: absoluteLog(options.accessLog, cwd),
  };
};

const absoluteLog = (path: string | undefined, cwd: string): string | undefined =>
  path === undefined || path === '-' ? path : resolve(cwd, path);

export const socketOf = (settings: Settings): string => join(settings.stateDir, 'supervisor.sock');

const findManifests = (cwd: string, given: string | undefined): string => {
  if (given !== undefined) return existing(resolve(cwd, given), given);
  const usual = ['pointsman.yaml', 'manifests'].map((name) => join(cwd, name));
  return usual.find((path) => existsSync(path)) ?? cwd;
};

const existing = (path: string, given: string): string => {
  if (existsSync(path)) return path;
  throw new PointsmanError('MANIFEST_NOT_FOUND', {
    message: `There is no file or folder ${given}.`,
    fix: 'Name a manifest file, or a folder that holds *.yaml files.',
  });
};

const stateBeside = (manifests: string): string =>
  join(statSync(manifests).isDirectory() ? manifests : dirname(manifests), '.pointsman');
