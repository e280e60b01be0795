import type { Address, Event, NewEvent, Release, Rollout } from '../model/index.ts';
import { errorReport, isFinished, PointsmanError, serviceName } from '../model/index.ts';
import { diskBudgetOf, explainService } from '../manifest/index.ts';
import type {
  ApplyRequest,
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
import { assemble } from './assembly.ts';
import type { Assembly, SupervisorParts } from './assembly.ts';
import { unknownService } from './refusals.ts';
import { deployReport, followDeploy, revisionReports } from './deploy-reports.ts';
import { problemsError } from './desired.ts';
import { diffReport } from './diff-report.ts';
import { execInReplica } from './exec.ts';
import { readLogs } from './logs.ts';
import { planReport } from './plan-report.ts';
import { closeReleases, releasesOf } from './releases.ts';
import { retire } from './retention.ts';
import { beginSupervising } from './start.ts';
import { statusOf } from './status.ts';
import type { EventFilter, LogFilter, SupervisorControl } from './supervisor-control.ts';
import { removeAll, removeStrangers, takeDown } from './takedown.ts';

/** One project's environment, looked after. */
export class Supervisor implements SupervisorControl {
  readonly ended: Promise<void>;
  readonly #end: () => void;
  readonly #abort = new AbortController();
  readonly #all: Assembly;
  readonly #startedAt: number;
  #closing: Promise<void> | undefined;
  #takedown: Promise<void> | undefined;

  constructor(parts: SupervisorParts) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.#startedAt = parts.clock.now();
    this.#all = assemble(parts, this.#abort.signal, (rollout) => void this.#afterRollout(rollout));
  }

  /** Adopts what runs and goes on with what was under way. Throws PORT_TAKEN when the proxy can't listen. */
  async start(options: { readonly catchUp: boolean }): Promise<void> {
    await beginSupervising(this.#all, options, this.#abort.signal);
  }

  status(): Promise<StatusReport> {
    const { parts } = this.#all;
    return statusOf({ ...parts, ...this.#all, startedAt: this.#startedAt });
  }

  async apply({ buildArgs, by }: ApplyRequest, signal: AbortSignal): Promise<DeployResult> {
    const { commands, triggers, engineState } = this.#all;
    await engineState.require(signal);
    const options = {
      cause: 'apply',
      retryFailed: true,
      ...(buildArgs !== undefined && { buildArgs }),
      ...(by !== undefined && { by }),
    };
    const result = await commands.apply(options, signal);
    triggers.watch();
    await this.#endStrangers(signal);
    return result;
  }

  async plan(request: DeployRequest, signal: AbortSignal): Promise<PlanReport> {
    const { reader, hasher, commands, records, observer, parts, routes, traffic } = this.#all;
    const { specs, problems, notes } = await reader.preview(commands.overriddenBy(request), signal);
    if (problems.length > 0) throw problemsError(problems);
    const unknown = request.services.find((name) => !specs.some((spec) => spec.name === name));
    if (unknown !== undefined) throw this.#unknown(unknown);
    const hashed = await hasher.hash(specs, undefined, signal);
    const names = new Set([...records.services().map(({ service }) => service), ...specs.map(({ name }) => name)]);
    const seen = await Promise.all([...names].map(async (name) => [name, await observer.observe(name)] as const));
    const input = { request, hashed, notes, replicas: new Map(seen), now: parts.clock.now() };
    return planReport({ ...parts, records, routes, traffic }, input);
  }

  async deploy(request: DeployRequest, signal: AbortSignal): Promise<DeployResult> {
    await this.#all.engineState.require(signal);
    const result = await this.#all.commands.deploy(request, signal);
    this.#all.triggers.watch();
    return result;
  }

  async rollback(request: RollbackRequest, signal: AbortSignal): Promise<DeployResult> {
    const { engineState, rolloutCommands, commands } = this.#all;
    await engineState.require(signal);
    const { service, revision } = request;
    const isPlain = service !== undefined && revision === undefined;
    return (
      (isPlain ? rolloutCommands.takeBack(serviceName(service), request.by) : undefined) ??
      commands.rollback(request, signal)
    );
  }

  async restart(request: ServiceRequest, signal: AbortSignal): Promise<DeployResult> {
    await this.#all.engineState.require(signal);
    return this.#all.commands.restart(request, signal);
  }

  async promote(request: PromoteRequest): Promise<DeployResult> {
    return this.#all.rolloutCommands.promote(request);
  }

  async abort(request: ServiceRequest): Promise<DeployResult> {
    return this.#all.rolloutCommands.abort(request);
  }

  async pause(request: ServiceRequest): Promise<DeployResult> {
    return this.#all.rolloutCommands.pause(request);
  }

  async resume(request: ServiceRequest): Promise<DeployResult> {
    return this.#all.rolloutCommands.resume(request);
  }

  scale(request: ScaleRequest): Promise<DeployResult> {
    return this.#all.commands.scale(request);
  }

  deployReport(deployId: string): DeployReport {
    return deployReport(this.#all.records, this.#all.live, deployId);
  }

  followDeploy(deployId: string, signal: AbortSignal): AsyncIterable<DeployReport> {
    return followDeploy(this.#all, deployId, signal);
  }

  releases(): readonly Release[] {
    return releasesOf({ ...this.#all.parts, ...this.#all });
  }

  diff(request: DiffRequest): DiffReport {
    return diffReport({ ...this.#all.parts, ...this.#all }, request);
  }

  gc(request: GcRequest): Promise<GcReport> {
    return retire(this.#retention(), request);
  }

  revisions(service: string | undefined): readonly RevisionReport[] {
    const { records } = this.#all;
    if (service === undefined) {
      return records.services().flatMap((record) => revisionReports(records, record.service));
    }
    const name = serviceName(service);
    if (records.service(name) === undefined) throw this.#unknown(service);
    return revisionReports(records, name);
  }

  events(filter: EventFilter, signal: AbortSignal): AsyncIterable<Event> {
    return this.#all.events.read(filter, signal);
  }

  logs(filter: LogFilter, signal: AbortSignal): AsyncIterable<LogEntry> {
    const { parts, live } = this.#all;
    return readLogs({ engine: parts.engine, live }, filter, signal);
  }

  exec(request: ExecRequest, signal: AbortSignal): Promise<ExecReport> {
    return execInReplica(this.#all, request, signal);
  }

  async explain(service: string, signal: AbortSignal): Promise<ExplainReport> {
    const { reader, records } = this.#all;
    const { specs, problems, notes } = await reader.preview(records.settings(), signal);
    if (problems.length > 0) throw problemsError(problems);
    const spec = specs.find(({ name }) => name === service);
    if (spec === undefined)
      throw unknownService(
        service,
        specs.map(({ name }) => name),
      );
    return { service, values: explainService(spec), notes: notes[service] ?? [] };
  }

  async down(request: DownRequest, signal: AbortSignal): Promise<void> {
    // A second one only hurries the first: there is one proxy to shut down and one scope to dispose of.
    if (this.#takedown !== undefined && request.now === true) await removeAll(this.#all.parts.engine, signal);
    this.#takedown ??= takeDown({ ...this.#all.parts, ...this.#all }, request, signal).catch((error: unknown) => {
      this.#takedown = undefined;
      throw error;
    });
    await this.#takedown;
    this.#end();
  }

  shutdown(): void {
    this.#end();
  }

  /** Where the proxy listens for the public; undefined before its first table. */
  get publicAddress(): Address | undefined {
    return this.#all.routes.publicAddress;
  }

  /** Something that happened to it from outside. */
  tell(event: NewEvent): void {
    this.#all.onEvent(event);
  }

  /** Lets go of everything; replicas and proxy stay. The adapters are closed by who made them. */
  close(): Promise<void> {
    this.#closing ??= this.#letGo();
    return this.#closing;
  }

  async #letGo(): Promise<void> {
    const { triggers, loop, executor, commands, health, traffic, lostRecords, events, live } = this.#all;
    this.#end();
    this.#abort.abort(new PointsmanError('SUPERVISOR_UNREACHABLE', { message: 'the supervisor ends' }));
    await triggers.stopWatching();
    await Promise.all([loop.close(), executor.close(), commands.close()]);
    health.close();
    traffic.close();
    lostRecords.close();
    events.end();
    live.changes.end();
  }

  async #endStrangers(signal: AbortSignal): Promise<void> {
    const { parts, records, engineState, onEvent } = this.#all;
    if (engineState.lost !== undefined) return;
    for (const id of await removeStrangers({ ...parts, records }, signal)) {
      onEvent({ severity: 'warning', reason: 'StrangerRemoved', message: `${id} belonged to no service any more` });
    }
  }

  /** Only a finished rollout makes something superfluous. */
  async #afterRollout(rollout: Rollout): Promise<void> {
    const { parts, executor, onEvent } = this.#all;
    if (!isFinished(rollout.phase)) return;
    // A build or check that is still going on is for nobody any more.
    if (rollout.phase === 'failed') executor.cancelOf(rollout.service, rollout.to);
    try {
      closeReleases({ ...parts, ...this.#all });
      await retire(this.#retention(), { service: rollout.service });
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      onEvent({ severity: 'warning', reason: 'CollectFailed', message: errorReport(error).message });
    }
  }

  #retention() {
    const { parts, reader } = this.#all;
    return { ...parts, ...this.#all, diskBudget: () => reader.last.loaded && diskBudgetOf(reader.last.loaded) };
  }

  #unknown(name: string): PointsmanError {
    return unknownService(
      name,
      this.#all.records.services().map(({ service }) => service),
    );
  }
}
