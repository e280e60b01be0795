import type { Builder } from '../build/index.ts';
import type { Engine } from '../engine/index.ts';
import { createHealthMonitor } from '../health/index.ts';
import type { HealthMonitor } from '../health/index.ts';
import type { Clock } from '../lib/index.ts';
import type {
  Address,
  EnvironmentName,
  NewEvent,
  ProjectName,
  ProxyReports,
  RevisionNumber,
  Rollout,
  ServiceName,
} from '../model/index.ts';
import type { ProxyLink } from '../traffic/index.ts';
import { Commands } from './commands.ts';
import { DesiredReader } from './desired.ts';
import { EngineState } from './engine-state.ts';
import { EventLog } from './event-log.ts';
import { Executor } from './executor.ts';
import { thisHost } from './host.ts';
import type { Host } from './host.ts';
import { Journal } from './journal.ts';
import { LostRecords } from './lost-records.ts';
import { LiveFacts } from './live-facts.ts';
import type { Log } from './log.ts';
import { Loop } from './loop.ts';
import { Observer } from './observer.ts';
import { newNotes, put, Records } from './records.ts';
import { RolloutCommands } from './rollout-commands.ts';
import { RolloutKeeper } from './rollout-keeper.ts';
import { RolloutStarter } from './rollouts.ts';
import { Routes } from './routes.ts';
import { SpecHasher } from './spec-hasher.ts';
import { urlOf } from './status.ts';
import type { StateStore } from './store/index.ts';
import type { SecureDoor, TableSurroundings } from './table-surroundings.ts';
import { TrafficWatch } from './traffic-watch.ts';
import { Triggers } from './triggers.ts';
import { createAsk } from '../verify/index.ts';
import type { Ask } from '../verify/index.ts';

/** What the composition root brings: adapters that are connected, a store that is open. Who brought them closes them. */
export interface SupervisorParts {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  /** The manifests' file or folder, absolute. */
  readonly manifests: string;
  readonly http: Address;
  readonly https?: SecureDoor | undefined;
  /** Who else the proxy tells of its requests. */
  readonly reports?: ProxyReports;
  readonly store: StateStore;
  readonly engine: Engine;
  /** Why this engine was chosen. */
  readonly engineReason: string;
  readonly builder: Builder;
  readonly proxy: ProxyLink;
  readonly clock: Clock;
  readonly log: Log;
  /** The public hosts that lead to a pool right now, where several environments share the proxy; undefined: a service's own domains. */
  readonly hostsOf?: (pool: string) => readonly string[] | undefined;
  /** What puts the questions of checks; simulations hand in their own. */
  readonly ask?: Ask;
  /** Default: the machine we run on. */
  readonly host?: Host;
}

/** The objects of one supervisor, made for each other. */
export type Assembly = ReturnType<typeof assemble>;

interface Ground {
  readonly host: Host;
  readonly records: Records;
  readonly live: LiveFacts;
  readonly events: EventLog;
  readonly engineState: EngineState;
  readonly place: TableSurroundings;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewEvent) => void;
  readonly onChange: (service: ServiceName) => void;
}

export const assemble = (parts: SupervisorParts, signal: AbortSignal, onFinished: (rollout: Rollout) => void) => {
  const { store, engine, clock, project, environment } = parts;
  const ground = groundOf(parts, signal, (service) => loop.add(service));
  const { records, live, onEvent } = ground;
  const routes = new Routes({ ...parts, ...ground, surroundings: ground.place });
  const health = healthOf(parts, ground);
  const traffic = new TrafficWatch({ ...parts, ...ground, surroundings: ground.place });
  const lostRecords = new LostRecords({ ...parts, ...ground });
  const observer = new Observer({ ...parts, ...ground, routes, health });
  const journal = new Journal(store, clock);
  const ask = parts.ask ?? askOf(parts);
  const executor = new Executor({ ...parts, ...ground, routes, health, ask, journal, onEnded: ground.onChange });
  const keeper = new RolloutKeeper({ engine, clock, store, records, signal, onEvent, onFinished });
  const loop: Loop = new Loop({
    ...parts,
    ...ground,
    project,
    environment,
    routes,
    traffic,
    observer,
    executor,
    keeper,
  });
  const wanting = wantingOf(parts, ground, { routes, executor });
  const triggers = new Triggers({ ...parts, ...ground, ...wanting, loop });
  return {
    parts,
    ...ground,
    live,
    routes,
    traffic,
    lostRecords,
    health,
    observer,
    executor,
    loop,
    ...wanting,
    triggers,
  };
};

const groundOf = (parts: SupervisorParts, signal: AbortSignal, onChange: Ground['onChange']): Ground => {
  const events = new EventLog(parts);
  const onEvent = (event: NewEvent): void => events.add(event);
  const engineState = new EngineState(parts.engine, onEvent);
  const { project, environment, http, https, reports = {} } = parts;
  return {
    host: parts.host ?? thisHost,
    records: new Records(parts.store),
    live: new LiveFacts(),
    events,
    engineState,
    place: { project, environment, http, https, reports, names: () => engineState.names },
    signal,
    onEvent,
    onChange,
  };
};

/** A passed gate is written down, so that a restart of ours doesn't lose it. */
const healthOf = ({ clock, engine, store }: SupervisorParts, ground: Ground): HealthMonitor => {
  const { host, records, live, onEvent, onChange } = ground;
  return createHealthMonitor({
    clock,
    ...(host.runProbe !== undefined && { runProbe: host.runProbe }),
    exec: (replica, command, signal) => engine.exec(replica, command, signal),
    onReady: (replica, at) => {
      const service = live.ownerOf(replica);
      if (service === undefined) return;
      store.record([put.notes({ ...(records.notes(replica) ?? newNotes(replica, service)), readyAt: at })]);
      onEvent({ service, replica, severity: 'info', reason: 'ReplicaReady', message: `${replica} is ready` });
      onChange(service);
    },
    onFailure: (replica, words, attempt) => {
      const service = live.ownerOf(replica);
      live.noteProbeFailure(replica, words);
      if (service !== undefined) live.say(service, `probe ${attempt}: ${words}`);
    },
  });
};

const askOf = ({ clock, engine }: SupervisorParts): Ask =>
  createAsk({
    clock,
    exec: (replica, command, signal) => engine.exec(replica, command, signal),
    lines: (replica, signal) => engine.logs(replica, { follow: true, tail: undefined }, signal),
  });

/** What decides what is wanted. */
const wantingOf = (
  parts: SupervisorParts,
  ground: Ground,
  { routes, executor }: { readonly routes: Routes; readonly executor: Executor },
) => {
  const highestObserved = new Map<ServiceName, number>();
  const starter = new RolloutStarter({
    ...parts,
    ...ground,
    highestObserved,
    onBegun: (service) => {
      ground.live.forgetProgress(service);
      ground.onChange(service);
    },
    onSuperseded: ({ service, to }) => executor.cancelOf(service, to),
  });
  const reader = new DesiredReader({
    ...parts,
    ...ground,
    path: parts.manifests,
    source: ground.host.manifests,
    capabilities: parts.engine.capabilities,
    publicUrl: (domain) => urlOf(routes, domain),
  });
  const hasher = new SpecHasher(parts.builder);
  const onAborted = (service: ServiceName, revision: RevisionNumber): void => executor.cancelOf(service, revision);
  const onRoutesChanged = (): void => void routes.republish().catch((error: unknown) => tellRefused(ground, error));
  const commands = new Commands({
    ...parts,
    ...ground,
    reader,
    hasher,
    starter,
    onWantedChanged: ground.onChange,
    onRoutesChanged,
    onAborted,
  });
  const rolloutCommands = new RolloutCommands({
    ...parts,
    ...ground,
    onWantedChanged: ground.onChange,
    onAborted,
  });
  return { highestObserved, reader, hasher, commands, rolloutCommands };
};

const tellRefused = ({ onEvent }: Ground, error: unknown): void =>
  onEvent({
    severity: 'error',
    reason: 'RoutesRefused',
    message: error instanceof Error ? error.message : String(error),
  });
