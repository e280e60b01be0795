import type { ReplicaId } from '../model/index.ts';
import { PointsmanError } from '../model/index.ts';

/** A port of the machine that it is to hold belongs to somebody we know nothing of. */
export const hostPortTaken = (replica: ReplicaId, port: string, cause?: unknown): PointsmanError =>
  new PointsmanError('REPLICA_START_FAILED', {
    message: `${replica} can't start: something else on this machine holds port ${port}.`,
    fix: 'End what holds it and deploy again, or give the service another one in hostPorts; an environment has its own in environments.NAME.hostPorts.',
    cause,
  });
