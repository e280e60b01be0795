import { resolve } from 'node:path';

export type EngineName = 'docker' | 'process';

/** What stands under `spec:`. */
export type Spec = Readonly<Record<string, unknown>>;

const nodeImage = 'local/node:24-slim';
export const hostileApps = resolve('fixtures/hostile');

/** JSON is YAML: the documents of a manifest file. Two runs of the tests on one machine have projects of different names. */
export const manifestOf = (project: string, services: Readonly<Record<string, Spec>>): string =>
  [
    document('Project', uniqueName(project), { buildArgs: { NODE_IMAGE: nodeImage, APP: 'polite.mjs' } }),
    ...Object.entries(services).map(([name, spec]) => document('Service', name, spec)),
  ].join('\n---\n');

/** An app of `fixtures/hostile`; with Docker all of them are one image. */
export const appSpec = (app: string, deploy: Spec = {}, more: Spec = {}): Spec => ({
  source: hostileApps,
  ...more,
  deploy: { startCommand: `node ${app}`, drainingSeconds: 10, ...deploy },
});

/** The app that does everything right, checked and reachable from outside. */
export const politeSpec = (host: string, deploy: Spec = {}, more: Spec = {}): Spec =>
  appSpec('polite.mjs', { healthcheckPath: '/health', ...deploy }, { domains: [host], ...more });

export const uniqueName = (project: string): string => `${project}-${process.pid}`;

const document = (kind: string, name: string, spec: Spec): string =>
  JSON.stringify({ apiVersion: 'pointsman/v1', kind, metadata: { name }, spec }, undefined, 1);
