import type { Budgets, RehearsalScenario, Workload } from '../model/index.ts';
import { platformNames } from '../platform/index.ts';
import type { LoadedProject, LoadedRehearsal } from './model.ts';
import { durationMs, ratePerSecond } from './quantity.ts';
import type { RehearsalManifest } from './rehearsal-schema.ts';

type WorkloadManifest = NonNullable<RehearsalManifest['spec']['workloads']>[number];

export const rehearsalScenarios = (loaded: LoadedProject): RehearsalScenario[] =>
  loaded.rehearsals.map((rehearsal) => scenarioOf(rehearsal, loaded));

const scenarioOf = ({ manifest }: LoadedRehearsal, loaded: LoadedProject): RehearsalScenario => {
  const { deploy, compare, before, after, workloads, budgets } = manifest.spec;
  const services = deploy?.services ?? [];
  const texts = Object.entries(deploy?.variables ?? {}).map(([name, value]) => [name, String(value)] as const);
  return {
    name: manifest.metadata.name,
    project: loaded.project.metadata.name,
    deploy: { services, variables: Object.fromEntries(texts) },
    compare: compare ?? platformNames,
    beforeSeconds: durationMs(before ?? '3s') / 1000,
    afterSeconds: durationMs(after ?? '3s') / 1000,
    workloads: workloads === undefined ? defaultWorkloads(services, loaded) : namedWorkloads(workloads),
    budgets: budgetsOf(budgets ?? {}),
  };
};

/** A workload without a name is called by its kind; the second of a kind gets a number. */
const namedWorkloads = (manifests: readonly WorkloadManifest[]): Workload[] => {
  const taken = new Set(manifests.flatMap(({ name }) => name ?? []));
  return manifests.flatMap((manifest) => {
    const kind = manifest.http === undefined ? (manifest.sse === undefined ? 'jobs' : 'sse') : 'http';
    const name = manifest.name ?? freeName(kind, taken);
    taken.add(name);
    return workloadOf(name, manifest);
  });
};

const freeName = (kind: string, taken: ReadonlySet<string>): string => {
  const numbered = Array.from({ length: taken.size + 1 }, (_, index) => (index === 0 ? kind : `${kind}-${index + 1}`));
  return numbered.find((name) => !taken.has(name)) ?? kind;
};

const workloadOf = (name: string, { http, sse, jobs }: WorkloadManifest): Workload[] => {
  if (http !== undefined) {
    const { host, path, method = 'GET', headers = {}, body, rate, timeout = '30s' } = http;
    const timing = { ratePerSecond: ratePerSecond(rate), timeoutSeconds: durationMs(timeout) / 1000 };
    return [{ kind: 'http', name, host, path, method, headers, ...(body !== undefined && { body }), ...timing }];
  }
  if (sse !== undefined) {
    const { host, path, connections, silence = '15s' } = sse;
    return [{ kind: 'sse', name, host, path, connections, silenceSeconds: durationMs(silence) / 1000 }];
  }
  if (jobs === undefined) return [];
  const { host, enqueue, status, rate, done = ['done'], failed = ['failed'], timeout = '60s' } = jobs;
  const { method = 'POST', path, body } = enqueue;
  const timing = { ratePerSecond: ratePerSecond(rate), timeoutSeconds: durationMs(timeout) / 1000 };
  return [
    {
      kind: 'jobs',
      name,
      host,
      enqueue: { method, path, ...(body !== undefined && { body }) },
      status,
      done,
      failed,
      ...timing,
    },
  ];
};

/** Every public service that is deployed, asked for its health check as a user would. */
const defaultWorkloads = (services: readonly string[], loaded: LoadedProject): Workload[] =>
  loaded.services.flatMap(({ name, manifest: { spec }, config }) => {
    const host = spec.domains?.find((domain) => !domain.startsWith('*'));
    const isDeployed = services.length === 0 || services.includes(name);
    if (host === undefined || !isDeployed) return [];
    const configured = config?.base.deploy?.['healthcheckPath'];
    const path = spec.deploy?.healthcheckPath ?? (typeof configured === 'string' ? configured : '/');
    return workloadOf(name, { http: { host, path, rate: '50/s' } });
  });

const budgetsOf = ({ longestOutage, ...budgets }: NonNullable<RehearsalManifest['spec']['budgets']>): Budgets => {
  const written = Object.entries(budgets).filter(([, limit]) => limit !== undefined);
  const limits: Budgets = Object.fromEntries(written);
  return longestOutage === undefined ? limits : { ...limits, longestOutageMs: durationMs(longestOutage) };
};
