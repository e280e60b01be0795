import type { Engine } from '../engine/index.ts';
import type { Check, Revision, ServiceName } from '../model/index.ts';
import type { CheckTarget } from '../verify/index.ts';
import type { Records } from './records.ts';
import { domainsOf } from './releases.ts';
import type { Routes } from './routes.ts';

export interface CheckTargetsParts {
  readonly engine: Engine;
  readonly records: Records;
  readonly routes: Pick<Routes, 'checksAddress' | 'routedOf' | 'hostsOf'>;
}

/** Who is to be asked: the proxy under the service's first domain, or each replica that serves right now. */
export const checkTargets = async (
  { engine, records, routes }: CheckTargetsParts,
  service: ServiceName,
  { through }: Pick<Check, 'through'>,
  signal: AbortSignal,
): Promise<readonly CheckTarget[]> => {
  const record = records.service(service);
  const own = record === undefined ? [] : domainsOf(record);
  // One that another has got for a while is asked all the same: so do its users.
  const domain = [...routes.hostsOf(service, own), ...own].find((name) => !name.startsWith('*'));
  if (through === 'proxy') {
    const address = routes.checksAddress;
    return address === undefined || domain === undefined ? [] : [{ kind: 'proxy', address, host: domain }];
  }
  const serving = new Set(routes.routedOf(service));
  const replicas = await engine.observe(service, signal);
  return replicas.flatMap(({ id, state }): readonly CheckTarget[] =>
    serving.has(id) && state.kind === 'running'
      ? [{ kind: 'replica', id, address: state.address, host: undefined }]
      : [],
  );
};

/** The replicas of a version that users don't meet yet, each of them, as users would name the service. */
export const candidateTargets = async (
  { engine }: Pick<CheckTargetsParts, 'engine'>,
  { service, number, spec }: Revision,
  signal: AbortSignal,
): Promise<readonly CheckTarget[]> => {
  const host = spec.domains.find((domain) => !domain.startsWith('*'));
  const replicas = await engine.observe(service, signal);
  return replicas.flatMap(({ id, revision, state }): readonly CheckTarget[] =>
    revision === number && state.kind === 'running' ? [{ kind: 'replica', id, address: state.address, host }] : [],
  );
};
