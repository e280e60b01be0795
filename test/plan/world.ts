import type {
  ErrorReport,
  Exit,
  ObservedReplica,
  Operation,
  ReplicaId,
  Revision,
  RevisionTraffic,
  Rollout,
  RolloutPolicy,
  RolloutRequests,
  Sleep,
  TrafficSplit,
  CheckStage,
} from '../../src/model/index.ts';
import {
  environmentName,
  isFinished,
  operationKey,
  projectName,
  rolloutId,
  serviceName,
} from '../../src/model/index.ts';
import type { CheckState, ServicePlan, Situation, SlotHistory, StepState } from '../../src/plan/index.ts';
import { planService } from '../../src/plan/index.ts';

/** How the replicas of one revision behave. Times are milliseconds. */
export interface Behaviour {
  readonly bootMs: number;
  /** Exits with this code so long after its start; undefined: runs until signalled. */
  readonly exits?: { readonly afterMs: number; readonly code: number };
  readonly neverReady?: boolean;
  readonly ignoresSigterm?: boolean;
  readonly ignoresSigkill?: boolean;
  readonly stopMs: number;
  readonly inFlight: number;
  /** How long what is in flight takes once no new request comes. */
  readonly finishMs: number;
  readonly notStarted?: boolean;
}

export const polite: Behaviour = { bootMs: 1000, stopMs: 200, inFlight: 3, finishMs: 2000 };

interface Body {
  readonly behaviour: Behaviour;
  facts: ObservedReplica;
}

const nothingAsked: RolloutRequests = { promotions: 0, toTheEnd: false, paused: false, aborted: false };

export const nothingToCheck: CheckState = {
  before: { kind: 'done' },
  smoke: { kind: 'done' },
  during: { kind: 'done' },
  duringDueAt: 0,
  after: { kind: 'done' },
};

const checkFailed = (stage: CheckStage): ErrorReport => ({ code: 'CHECK_FAILED', message: `${stage}: answered 500` });

const service = serviceName('web');

/** One service in a world of virtual time: operations take a while, replicas behave as told, the planner decides. */
export class World {
  now = 0;
  wanted: { replicas: number; before?: number } | undefined;
  rollout: Rollout | undefined;
  active: number | undefined;
  readonly revisions: Revision[] = [];
  readonly log: { at: number; operation: Operation }[] = [];
  build: StepState = { kind: 'pending' };
  preDeploy: StepState = { kind: 'done' };
  waitsFor: { waitingFor: readonly string[]; movedAt?: 'person' } = { waitingFor: [] };
  checks: CheckState = nothingToCheck;
  /** What checks find, by the time; good where nothing is said. */
  findings: { readonly [Stage in CheckStage]?: (now: number) => boolean } = {};
  readonly #behaviours = new Map<number, Behaviour>();
  readonly #bodies = new Map<ReplicaId, Body>();
  readonly #slots = new Map<string, SlotHistory>();
  readonly #due: { at: number; run: () => void }[] = [];
  readonly #running = new Set<string>();
  /** What people ask of the rollout that is under way. */
  requests: RolloutRequests = nothingAsked;
  /** What the ledger says of a revision, so long after it was asked about. */
  traffic: (revision: number) => Omit<RevisionTraffic, 'revision'> | undefined = () => undefined;
  split: TrafficSplit | undefined;
  #routed: readonly ReplicaId[] = [];
  readonly sleeps: Sleep[] = [];
  readonly onStep: (world: World) => void;

  constructor(replicas: number, onStep: (world: World) => void = () => {}) {
    this.wanted = { replicas };
    this.onStep = onStep;
  }

  deploy(policy: RolloutPolicy, behaviour: Behaviour = polite): void {
    const number = this.revisions.length + 1;
    this.revisions.push(revisionOf(number, policy, this.wanted?.replicas ?? 1, this.now));
    this.#behaviours.set(number, behaviour);
    this.build = { kind: 'pending' };
    this.requests = nothingAsked;
    this.rollout = {
      id: rolloutId(`r${number}`),
      service,
      from: this.active,
      to: number,
      phase: 'waiting',
      startedAt: this.now,
      history: [{ phase: 'waiting', at: this.now }],
      deployId: `d${number}`,
    };
  }

  get replicas(): readonly ObservedReplica[] {
    return [...this.#bodies.values()].map((body) => body.facts);
  }

  get serving(): readonly ObservedReplica[] {
    return this.replicas.filter((r) => r.routed && r.readyAt !== undefined && r.execution.kind === 'running');
  }

  get live(): readonly ObservedReplica[] {
    return this.replicas.filter((replica) => replica.execution.kind !== 'exited');
  }

  situation(): Situation {
    return {
      now: this.now,
      sleeps: this.sleeps,
      project: projectName('shop'),
      environment: environmentName('test'),
      service,
      wanted: this.wanted,
      rollout: this.rollout,
      revisions: this.revisions,
      active: this.active,
      dependencies: {
        waitingFor: this.waitsFor.waitingFor.map(serviceName),
        failed: undefined,
        ...(this.waitsFor.movedAt !== undefined && { movedAt: this.waitsFor.movedAt }),
      },
      build: this.build,
      preDeploy: this.preDeploy,
      checks: this.checks,
      replicas: this.replicas,
      slots: [...this.#slots.values()],
      routed: this.#routed,
      ...(this.split !== undefined && { split: this.split }),
      traffic: this.revisions.flatMap(({ number }) => {
        const seen = this.traffic(number);
        return seen === undefined ? [] : [{ revision: number, ...seen }];
      }),
      requests: this.requests,
      running: this.#running,
    };
  }

  /** Runs until nothing is left to do, or the virtual time is up. */
  run(untilMs = 600_000): ServicePlan {
    const end = this.now + untilMs;
    for (;;) {
      const plan = this.step();
      const next = Math.min(plan.wakeAt ?? Number.POSITIVE_INFINITY, ...this.#due.map((due) => due.at));
      if (plan.operations.length === 0 && (next === Number.POSITIVE_INFINITY || next > end)) return plan;
      if (plan.operations.length === 0) this.#advance(next);
    }
  }

  /** The same for all of that time, also where nothing would happen in it. */
  stay(ms: number): ServicePlan {
    this.after(ms, () => {});
    return this.run(ms);
  }

  step(): ServicePlan {
    const plan = planService(this.situation());
    this.rollout = plan.rollout;
    if (this.rollout?.phase === 'retiring' || this.rollout?.phase === 'completed') this.active = this.rollout.to;
    for (const operation of plan.operations) this.#begin(operation);
    this.onStep(this);
    return plan;
  }

  after(ms: number, run: () => void): void {
    this.#due.push({ at: this.now + ms, run });
  }

  /** The machine sleeps, and everything on it. */
  sleep(ms: number): void {
    this.sleeps.push({ from: this.now, to: this.now + ms });
    this.now += ms;
    for (const due of this.#due) due.at += ms;
  }

  /** A replica ends without having been asked to. */
  crash(id: ReplicaId, code: number): void {
    this.#exit(id, code);
  }

  isSettled(): boolean {
    return this.rollout === undefined || isFinished(this.rollout.phase);
  }

  #advance(to: number): void {
    this.now = Math.max(this.now, to);
    for (const due of this.#due.filter((candidate) => candidate.at <= this.now)) {
      this.#due.splice(this.#due.indexOf(due), 1);
      due.run();
    }
  }

  #begin(operation: Operation): void {
    this.log.push({ at: this.now, operation });
    const key = operationKey(operation);
    this.#running.add(key);
    this.after(5, () => {
      this.#running.delete(key);
      this.#finish(operation);
    });
    if (operation.kind === 'start') this.#noteAttempt(operation.replica);
  }

  #finish(operation: Operation): void {
    switch (operation.kind) {
      case 'build':
        if (operation.revision === this.rollout?.to) this.build = { kind: 'done' };
        return;
      case 'pre-deploy':
        this.preDeploy = { kind: 'done' };
        return;
      case 'verify':
        this.#conclude(operation.stage);
        return;
      case 'start':
        this.#start(operation.replica);
        return;
      case 'route':
        this.split = operation.split;
        this.#route(operation.members);
        return;
      case 'drain':
        this.#change(operation.replica, { drainingSince: this.now });
        return;
      case 'drain-command':
        this.#change(operation.replica, { drainCommand: { at: this.now, seconds: 0, exitCode: 0, output: [] } });
        return;
      case 'drain-check':
        this.#change(operation.replica.id, { drainCheck: { at: this.now, seconds: 0, exitCode: 0, output: [] } });
        return;
      case 'signal':
        this.#signal(operation.replica, operation.signal);
        return;
      case 'remove':
        this.#bodies.delete(operation.replica);
    }
  }

  /** As told by `findings`; a round of `during` that succeeds makes the next one due in five seconds. */
  #conclude(stage: CheckStage): void {
    const fails = this.findings[stage]?.(this.now) === false;
    const again = stage === 'during' && !fails;
    this.checks = {
      ...this.checks,
      [stage]: fails ? { kind: 'failed', error: checkFailed(stage) } : { kind: again ? 'pending' : 'done' },
      ...(again && { duringDueAt: this.now + 5000 }),
    };
  }

  #noteAttempt(seat: { revision: number; slot: number; attempt: number }): void {
    const key = `${seat.revision}/${seat.slot}`;
    const before = this.#slots.get(key);
    this.#slots.set(key, {
      revision: seat.revision,
      slot: seat.slot,
      lastAttempt: seat.attempt,
      firstStartedAt: before?.firstStartedAt ?? this.now,
      crashes: before?.crashes ?? [],
    });
  }

  #start(seat: Extract<Operation, { kind: 'start' }>['replica']): void {
    const behaviour = this.#behaviours.get(seat.revision) ?? polite;
    if (behaviour.notStarted === true) {
      this.#recordCrash(seat, { how: 'not-started', exitCode: null, words: 'could not be started: no such program' });
      return;
    }
    this.#bodies.set(seat.id, { behaviour, facts: newReplica(seat, this.now) });
    if (behaviour.neverReady !== true) {
      this.after(behaviour.bootMs, () => this.#becomeReady(seat.id));
    }
    const { exits } = behaviour;
    if (exits !== undefined) this.after(exits.afterMs, () => this.#exit(seat.id, exits.code));
  }

  #becomeReady(id: ReplicaId): void {
    const body = this.#bodies.get(id);
    if (body?.facts.execution.kind === 'running') this.#change(id, { readyAt: this.now });
  }

  #route(members: readonly ReplicaId[]): void {
    const left = this.#routed.filter((id) => !members.includes(id));
    this.#routed = members;
    for (const id of members) {
      this.#change(id, {
        routed: true,
        unroutedAt: undefined,
        inFlight: this.#bodies.get(id)?.behaviour.inFlight ?? 0,
      });
    }
    for (const id of left) {
      this.#change(id, { routed: false, unroutedAt: this.now });
      this.after(this.#bodies.get(id)?.behaviour.finishMs ?? 0, () => this.#change(id, { inFlight: 0 }));
    }
  }

  #signal(id: ReplicaId, name: string): void {
    const body = this.#bodies.get(id);
    if (body === undefined) return;
    this.#change(id, { signalledAt: [...body.facts.signalledAt, this.now] });
    if (name === 'SIGKILL') {
      if (body.behaviour.ignoresSigkill !== true) this.#exit(id, 137);
    } else if (body.behaviour.ignoresSigterm !== true) this.after(body.behaviour.stopMs, () => this.#exit(id, 0));
  }

  #exit(id: ReplicaId, code: number): void {
    const body = this.#bodies.get(id);
    if (body === undefined || body.facts.execution.kind === 'exited') return;
    const exit: Exit = { code, signal: null, outOfMemory: false, at: this.now };
    this.#change(id, { execution: { kind: 'exited', exit }, inFlight: 0 });
    if (body.facts.signalledAt.length === 0) {
      this.#recordCrash(body.facts, { how: 'exited', exitCode: code, words: `exited with code ${code}` });
    }
  }

  #recordCrash(
    seat: { revision: number; slot: number; attempt: number },
    crash: { how: 'exited' | 'not-started'; exitCode: number | null; words: string },
  ): void {
    const key = `${seat.revision}/${seat.slot}`;
    const history = this.#slots.get(key);
    if (history === undefined) return;
    const entry = { ...crash, attempt: seat.attempt, at: this.now, output: ['its last line'] };
    this.#slots.set(key, { ...history, crashes: [...history.crashes, entry] });
  }

  #change(id: ReplicaId, change: Partial<ObservedReplica>): void {
    const body = this.#bodies.get(id);
    if (body !== undefined) body.facts = { ...body.facts, ...change };
  }
}

const newReplica = (seat: Extract<Operation, { kind: 'start' }>['replica'], now: number): ObservedReplica => ({
  ...seat,
  image: undefined,
  startedAt: now,
  execution: { kind: 'running', address: { host: '127.0.0.1', port: 1 } },
  readyAt: undefined,
  lastProbeFailure: 'connection refused',
  routed: false,
  unroutedAt: undefined,
  inFlight: 0,
  drainingSince: undefined,
  signalledAt: [],
});

const revisionOf = (number: number, policy: RolloutPolicy, replicas: number, createdAt: number): Revision => ({
  service,
  number,
  createdAt,
  cause: 'test',
  specHash: `hash${number}`,
  result: 'pending',
  spec: {
    project: projectName('shop'),
    environment: environmentName('test'),
    name: service,
    platform: 'pointsman',
    image: { kind: 'image', reference: 'none' },
    replicas,
    port: 8080,
    domains: ['web.localhost'],
    volumes: [],
    variables: {},
    dependsOn: [],
    limits: {},
    policy,
    keepRevisions: 5,
    origins: {},
  },
});
