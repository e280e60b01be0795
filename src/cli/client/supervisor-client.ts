import type { Event, Release } from '../../model/index.ts';
import type {
  ApplyRequest,
  ApplyResult,
  DeployReport,
  DeployRequest,
  DeployResult,
  DiffReport,
  DiffRequest,
  DownRequest,
  EnvironmentReport,
  ExecReport,
  ExecRequest,
  ExplainReport,
  GcReport,
  GcRequest,
  LogEntry,
  OpenRequest,
  PlanReport,
  PromoteRequest,
  RevisionReport,
  RollbackRequest,
  ScaleRequest,
  ServiceRequest,
  StatusReport,
  SwapReport,
  SwapRequest,
} from '../../protocol/index.ts';
import { ask, listen } from './request.ts';

/** The supervisor's API, typed: one method per endpoint of `protocol/api.ts`. */
export interface SupervisorClient {
  readonly socketPath: string;
  status(signal: AbortSignal): Promise<StatusReport>;
  apply(body: ApplyRequest, signal: AbortSignal): Promise<ApplyResult>;
  plan(body: DeployRequest, signal: AbortSignal): Promise<PlanReport>;
  deploy(body: DeployRequest, signal: AbortSignal): Promise<DeployResult>;
  rollback(body: RollbackRequest, signal: AbortSignal): Promise<DeployResult>;
  restart(body: ServiceRequest, signal: AbortSignal): Promise<DeployResult>;
  promote(body: PromoteRequest, signal: AbortSignal): Promise<DeployResult>;
  abort(body: ServiceRequest, signal: AbortSignal): Promise<DeployResult>;
  pause(body: ServiceRequest, signal: AbortSignal): Promise<DeployResult>;
  resume(body: ServiceRequest, signal: AbortSignal): Promise<DeployResult>;
  scale(body: ScaleRequest, signal: AbortSignal): Promise<DeployResult>;
  followDeploy(deployId: string, signal: AbortSignal): AsyncIterable<DeployReport>;
  revisions(service: string, signal: AbortSignal): Promise<readonly RevisionReport[]>;
  environments(signal: AbortSignal): Promise<readonly EnvironmentReport[]>;
  openEnvironment(body: OpenRequest, signal: AbortSignal): Promise<void>;
  swapDomains(body: SwapRequest, signal: AbortSignal): Promise<SwapReport>;
  releases(signal: AbortSignal): Promise<readonly Release[]>;
  diff(request: DiffRequest, signal: AbortSignal): Promise<DiffReport>;
  gc(body: GcRequest, signal: AbortSignal): Promise<GcReport>;
  events(filter: StreamFilter, signal: AbortSignal): AsyncIterable<Event>;
  logs(filter: StreamFilter, signal: AbortSignal): AsyncIterable<LogEntry>;
  exec(body: ExecRequest, signal: AbortSignal): Promise<ExecReport>;
  explain(service: string, signal: AbortSignal): Promise<ExplainReport>;
  down(body: DownRequest, signal: AbortSignal): Promise<void>;
  shutdown(signal: AbortSignal): Promise<void>;
}

export interface StreamFilter {
  readonly service?: string;
  readonly follow: boolean;
  readonly tail?: number;
}

export interface ClientIdentity {
  /** Who asks, for people who read later what happened. */
  readonly by?: string | undefined;
  /** Which environment is meant; undefined: the first one. */
  readonly environment?: string | undefined;
}

export const createSupervisorClient = (
  socketPath: string,
  { by, environment }: ClientIdentity = {},
): SupervisorClient => {
  const get = <Answer>(path: string, signal: AbortSignal): Promise<Answer> =>
    ask({ socketPath, method: 'GET', path, signal, environment });
  const post = <Answer>(path: string, body: object, signal: AbortSignal): Promise<Answer> =>
    ask({ socketPath, method: 'POST', path, body, signal, environment });
  const order = <Answer>(path: string, body: object, signal: AbortSignal): Promise<Answer> =>
    post(path, { ...body, ...(by !== undefined && { by }) }, signal);
  const stream = <Value>(path: string, signal: AbortSignal): AsyncIterable<Value> =>
    listen({ socketPath, method: 'GET', path, signal, environment });
  return {
    socketPath,
    status: (signal) => get('/v1/status', signal),
    apply: (body, signal) => order('/v1/apply', body, signal),
    plan: (body, signal) => post('/v1/plan', body, signal),
    deploy: (body, signal) => order('/v1/deploy', body, signal),
    rollback: (body, signal) => order('/v1/rollback', body, signal),
    restart: (body, signal) => order('/v1/restart', body, signal),
    promote: (body, signal) => order('/v1/promote', body, signal),
    abort: (body, signal) => order('/v1/abort', body, signal),
    pause: (body, signal) => order('/v1/pause', body, signal),
    resume: (body, signal) => order('/v1/resume', body, signal),
    scale: (body, signal) => order('/v1/scale', body, signal),
    followDeploy: (id, signal) => stream(`/v1/deploys/${encodeURIComponent(id)}/stream`, signal),
    revisions: (service, signal) => get(`/v1/revisions${queryOf({ service })}`, signal),
    environments: (signal) => get('/v1/environments', signal),
    openEnvironment: async (body, signal) => void (await post('/v1/environments', body, signal)),
    swapDomains: (body, signal) => order('/v1/domains/swap', body, signal),
    releases: (signal) => get('/v1/releases', signal),
    diff: (request, signal) => get(`/v1/diff${queryOf({ ...request })}`, signal),
    gc: (body, signal) => post('/v1/gc', body, signal),
    events: (filter, signal) => stream(`/v1/events${queryOf({ ...filter })}`, signal),
    logs: (filter, signal) => stream(`/v1/logs${queryOf({ ...filter })}`, signal),
    exec: (body, signal) => post('/v1/exec', body, signal),
    explain: (service, signal) => get(`/v1/explain${queryOf({ service })}`, signal),
    down: async (body, signal) => void (await post('/v1/down', body, signal)),
    shutdown: async (signal) => void (await post('/v1/shutdown', {}, signal)),
  };
};

const queryOf = (values: Readonly<Record<string, string | number | boolean | undefined>>): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return `?${query.toString()}`;
};
