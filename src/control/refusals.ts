import { nameHint } from '../lib/index.ts';
import type { ServiceName } from '../model/index.ts';
import { hostPortWords, PointsmanError } from '../model/index.ts';
import type { HashedSpec } from './changes.ts';
import type { ServiceRecord } from './store/index.ts';

export const requireKnown = (name: ServiceName, hashed: readonly HashedSpec[]): void => {
  const names = hashed.map(({ spec }) => spec.name);
  if (!names.includes(name)) throw unknownService(name, names);
};

export const unknownService = (name: string, known: readonly string[]): PointsmanError =>
  new PointsmanError('SERVICE_UNKNOWN', {
    message: `No service is called "${name}".`,
    fix: known.length === 0 ? 'No service was ever deployed here.' : nameHint(name, [...known].sort()),
  });

export const unknownRevision = (service: ServiceName, why: string): PointsmanError =>
  new PointsmanError('REVISION_UNKNOWN', {
    message: `${service}: ${why}`,
    fix: `pointsman revisions ${service} lists what is kept.`,
  });

/** Of some services there is never more than one replica, whatever is asked for. */
export const refuseSecond = ({ service, policy, applied: { spec } }: ServiceRecord): void => {
  const [hostPort] = spec.hostPorts ?? [];
  if (policy.strategy === 'singleton') {
    throw new PointsmanError('USAGE', {
      message: `${service} is a singleton: it never has more than one replica`,
      fix: 'Choose another deploy.strategy first.',
    });
  }
  if (spec.volumes.length > 0) {
    throw new PointsmanError('USAGE', {
      message: `${service} has a volume: two replicas would write to the same files`,
      fix: 'Take the volume out of the manifest first.',
    });
  }
  if (hostPort !== undefined) {
    throw new PointsmanError('USAGE', {
      message: `${service} holds port ${hostPortWords(hostPort)} of this machine: only one replica can`,
      fix: 'Take hostPorts out of the manifest first; what the proxy listens on (tcp) any number of replicas can share.',
    });
  }
};
