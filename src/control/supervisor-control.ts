import type { Event, Release } from '../model/index.ts';
import type {
  ApplyRequest,
  ApplyResult,
  DeployReport,
  DeployRequest,
  DeployResult,
  DiffReport,
  DiffRequest,
  DownRequest,
  ExecReport,
  ExecRequest,
  ExplainReport,
  GcReport,
  GcRequest,
  LogEntry,
  PlanReport,
  PromoteRequest,
  RevisionReport,
  RollbackRequest,
  ScaleRequest,
  ServiceRequest,
  StatusReport,
} from '../protocol/index.ts';

/**
 * What can be asked of a running supervisor: one method per endpoint of `protocol/api.ts`. Every method throws a
 * `PointsmanError` (SERVICE_UNKNOWN, REVISION_UNKNOWN, DEPLOY_UNKNOWN, MANIFEST_INVALID with all problems, …); a stream
 * ends when its signal aborts, when there is nothing more to come, or when the supervisor ends.
 */
export interface SupervisorControl {
  status(): Promise<StatusReport>;
  apply(request: ApplyRequest, signal: AbortSignal): Promise<ApplyResult>;
  plan(request: DeployRequest, signal: AbortSignal): Promise<PlanReport>;
  deploy(request: DeployRequest, signal: AbortSignal): Promise<DeployResult>;
  rollback(request: RollbackRequest, signal: AbortSignal): Promise<DeployResult>;
  restart(request: ServiceRequest, signal: AbortSignal): Promise<DeployResult>;
  /** These four throw ROLLOUT_NOT_WAITING where there is nothing to say it to. */
  promote(request: PromoteRequest): Promise<DeployResult>;
  abort(request: ServiceRequest): Promise<DeployResult>;
  pause(request: ServiceRequest): Promise<DeployResult>;
  resume(request: ServiceRequest): Promise<DeployResult>;
  scale(request: ScaleRequest, signal: AbortSignal): Promise<DeployResult>;
  deployReport(deployId: string): DeployReport;
  /** One report whenever something changed; the last one is finished. */
  followDeploy(deployId: string, signal: AbortSignal): AsyncIterable<DeployReport>;
  /** Newest first. */
  releases(): readonly Release[];
  diff(request: DiffRequest): DiffReport;
  gc(request: GcRequest): Promise<GcReport>;
  /** Newest first; of every service when none is named. */
  revisions(service: string | undefined): readonly RevisionReport[];
  events(filter: EventFilter, signal: AbortSignal): AsyncIterable<Event>;
  logs(filter: LogFilter, signal: AbortSignal): AsyncIterable<LogEntry>;
  exec(request: ExecRequest, signal: AbortSignal): Promise<ExecReport>;
  explain(service: string, signal: AbortSignal): Promise<ExplainReport>;
  /** Stops and removes everything by each service's own drain and stop rules; returns when all is gone, then `ended` resolves. */
  down(request: DownRequest, signal: AbortSignal): Promise<void>;
  /** Asks for the supervisor's end; what runs goes on running and serving. Returns at once, `ended` resolves. */
  shutdown(): void;
  /** Resolves when the supervisor was asked to end. The composition root then closes the API and the supervisor. */
  readonly ended: Promise<void>;
}

export interface EventFilter {
  readonly service?: string;
  /** Only events with a higher sequence number. */
  readonly after?: number;
  /** Goes on with what happens from now on. */
  readonly follow: boolean;
  /** Of the stored ones only the newest so many. */
  readonly tail?: number;
}

export interface LogFilter {
  readonly service?: string;
  /** Lines of each replica from the end; undefined: all that is kept. */
  readonly tail?: number;
  /** Goes on with new lines, of replicas that appear later too. */
  readonly follow: boolean;
}
