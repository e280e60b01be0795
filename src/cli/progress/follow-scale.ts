import type { Condition, Instant } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { ServiceStatus } from '../../protocol/index.ts';
import type { Session } from '../session.ts';
import { openBusy } from '../terminal/busy.ts';

export interface AskedScale {
  readonly service: string;
  readonly replicas: number;
  readonly asked: Instant;
}

/** Waits until as many replicas are ready as were asked for, and no more. Scaling is no rollout: the revision stays. */
export const followScale = async (session: Session, scale: AskedScale): Promise<number> => {
  const status = await untilScaled(session, scale);
  const { output } = session;
  if (output.wantsJson) output.json(status);
  else output.note(`${scale.service}: ${status.ready}/${status.wanted} ready`);
  return status.ready === scale.replicas ? 0 : 1;
};

const untilScaled = async (session: Session, scale: AskedScale): Promise<ServiceStatus> => {
  const { client, signal, environment, output } = session;
  const watching = new AbortController();
  const busy = openBusy(environment, output, `${scale.service}: ${scale.replicas} replicas wanted`);
  try {
    const filter = { service: scale.service, follow: true, tail: 0 };
    const events = client.events(filter, AbortSignal.any([signal, watching.signal]))[Symbol.asyncIterator]();
    // Asked for before the first look: what happens in between is not missed.
    for (let next = events.next(); ; next = events.next()) {
      next.catch(() => {});
      const status = await serviceStatus(session, scale.service);
      if (isScaled(status, scale.replicas) || failure(status, scale.asked) !== undefined) return status;
      const event = await next;
      if (event.done === true) throw supervisorEnded();
      busy.say(`${event.value.message} (${status.ready}/${status.wanted} ready)`);
    }
  } finally {
    busy.end();
    watching.abort();
  }
};

const serviceStatus = async ({ client, signal }: Session, service: string): Promise<ServiceStatus> => {
  const { services } = await client.status(signal);
  const found = services.find(({ name }) => name === service);
  if (found === undefined)
    throw new PointsmanError('SERVICE_UNKNOWN', { message: `${service} was removed meanwhile.` });
  return found;
};

const isScaled = ({ ready, replicas }: ServiceStatus, wanted: number): boolean =>
  ready === wanted && replicas.length === wanted;

/** Something of the service failed after the scaling was asked for. */
const failure = ({ conditions }: ServiceStatus, asked: Instant): Condition | undefined =>
  conditions.find(({ type, status, since }) => type === 'Degraded' && status === 'true' && since >= asked);

const supervisorEnded = (): PointsmanError =>
  new PointsmanError('SUPERVISOR_UNREACHABLE', {
    message: 'The supervisor ended before the scaling did.',
    fix: 'See supervisor.log in the state folder; `pointsman up` carries on where it stopped.',
  });
