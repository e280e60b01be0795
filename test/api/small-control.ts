import { EventStream } from '../../src/lib/index.ts';
import { PointsmanError } from '../../src/model/index.ts';
import type { Event, PointsmanError as Failure, ServiceName } from '../../src/model/index.ts';
import type { EnvironmentsControl, SupervisorControl } from '../../src/control/index.ts';
import type { DeployReport, LogEntry } from '../../src/protocol/index.ts';

/** A supervisor of one service that only remembers what it was asked: enough to see what the API makes of answers, failures and streams. */
export class SmallControl implements SupervisorControl {
  readonly asked: { readonly what: string; readonly request: unknown }[] = [];
  readonly stopped: string[] = [];
  readonly feed = new EventStream<Event>();
  failure: Failure | Error | undefined;
  #resolveEnded: () => void = () => {};
  readonly ended = new Promise<void>((resolve) => {
    this.#resolveEnded = resolve;
  });

  status = () => this.#answer('status', {}, { project: 'small' } as never);
  apply = (request: object) => this.#answer('apply', request, result);
  plan = (request: object) => this.#answer('plan', request, { text: 'nothing', services: [] });
  deploy = (request: object) => this.#answer('deploy', request, result);
  rollback = (request: object) => this.#answer('rollback', request, result);
  restart = (request: object) => this.#answer('restart', request, result);
  promote = (request: object) => this.#answer('promote', request, result);
  abort = (request: object) => this.#answer('abort', request, result);
  pause = (request: object) => this.#answer('pause', request, result);
  resume = (request: object) => this.#answer('resume', request, result);
  scale = (request: object) => this.#answer('scale', request, result);
  explain = (service: string) => this.#answer('explain', { service }, { service, values: {}, notes: [] });
  down = (request: object) => this.#answer('down', request, undefined);

  exec: SupervisorControl['exec'] = (request, signal) => {
    this.asked.push({ what: 'exec', request });
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        this.stopped.push('exec');
        reject(signal.reason as Error);
      });
    });
  };

  shutdown(): void {
    this.asked.push({ what: 'shutdown', request: {} });
    this.#resolveEnded();
  }

  revisions = () => [];
  releases = () => [];
  diff = () => ({ from: 1, to: 2, services: [] });
  gc = async () => ({ revisions: [], images: [], freedBytes: 0, keptBytes: 0 });

  deployReport(deployId: string): DeployReport {
    if (deployId === 'd1') return report(false);
    throw new PointsmanError('DEPLOY_UNKNOWN', { message: `No deploy is called ${deployId}.` });
  }

  async *followDeploy(): AsyncGenerator<DeployReport> {
    yield report(false);
    yield report(true);
  }

  async *events(_filter: object, signal: AbortSignal): AsyncGenerator<Event> {
    signal.addEventListener('abort', () => this.feed.end());
    try {
      yield* this.feed;
    } finally {
      this.stopped.push('events');
    }
  }

  async *logs(filter: { readonly service?: string }): AsyncGenerator<LogEntry> {
    yield* [];
    throw new PointsmanError('SERVICE_UNKNOWN', { message: `No service is called "${filter.service}".` });
  }

  async #answer<Answer>(what: string, request: object, answer: Answer): Promise<Answer> {
    this.asked.push({ what, request });
    if (this.failure !== undefined) throw this.failure;
    return answer;
  }
}

export const event = (sequence: number): Event => ({
  sequence,
  at: 1000 + sequence,
  service: 'web' as ServiceName,
  severity: 'info',
  reason: 'ReplicaReady',
  message: 'x'.repeat(100),
});

/** The API of a supervisor that looks after one environment only. */
export const alone = (control: SmallControl): EnvironmentsControl => ({
  of: () => control,
  list: async () => [],
  open: async () => undefined,
  swapDomains: async () => ({ generation: 1, environments: [] }),
  down: (_name, request) => control.down(request),
  shutdown: () => control.shutdown(),
});

const result = { deployId: 'd1', rollouts: [] };
const report = (finished: boolean): DeployReport => ({
  deployId: 'd1',
  finished,
  result: finished ? 'completed' : 'running',
  rollouts: [],
  progress: {},
});
