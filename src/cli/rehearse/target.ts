import { PointsmanError } from '../../model/index.ts';
import type { RehearsalTarget } from '../../rehearsal/index.ts';
import type { SupervisorClient } from '../client/index.ts';
import type { Session } from '../session.ts';

/** The supervisor as a rehearsal sees it: what any user could ask of its API. */
export const rehearsalTarget = async ({ client, signal }: Session): Promise<RehearsalTarget> => {
  const status = await client.status(signal);
  if (status.proxy === undefined) {
    throw new PointsmanError('PROXY_UNREACHABLE', {
      message: 'There is no proxy to send the load to.',
      fix: 'See supervisor.log in the state folder; `pointsman doctor` looks for what is missing.',
    });
  }
  return {
    project: status.project,
    engine: status.engine.kind,
    http: hostAndPort(status.proxy.http),
    deploy: (request, signalOfRun) => client.deploy(request, signalOfRun),
    promote: (service, signalOfRun) => promote(client, service, signalOfRun),
    followDeploy: (deployId, signalOfRun) => client.followDeploy(deployId, signalOfRun),
  };
};

const promote = async (client: SupervisorClient, service: string, signal: AbortSignal): Promise<void> => {
  try {
    await client.promote({ service }, signal);
  } catch (error) {
    if (!(error instanceof PointsmanError) || error.code !== 'ROLLOUT_NOT_WAITING') throw error;
  }
};

const hostAndPort = (http: string): { readonly host: string; readonly port: number } => {
  const { hostname, port } = new URL(http.includes('://') ? http : `http://${http}`);
  return { host: hostname, port: port === '' ? 80 : Number(port) };
};
