import type { CheckStage, RolloutPolicy } from '../../src/model/index.ts';

/** One story: everything that a run follows from. Plain data, so that it can be shrunk and printed. */
export interface Scenario {
  readonly seed: number;
  /** What happened before, until all had come right: the story begins with what is left of it. undefined: with nothing. */
  readonly before?: readonly StoryEvent[];
  readonly services: readonly Sketch[];
  /** What the code of each version is like, by version number; a sketch names one. */
  readonly versions: readonly Behaviour[];
  readonly weather: Weather;
  /** In order of time. */
  readonly events: readonly StoryEvent[];
  /** When the faults have stopped and the manifest is valid: from then on all must come right by itself. */
  readonly calmAt: number;
}

/** A service as the manifest has it. */
export interface Sketch {
  readonly name: string;
  readonly version: number;
  readonly policy: RolloutPolicy;
  readonly replicas: number;
  readonly dependsOn: readonly string[];
  readonly volume: boolean;
  readonly preDeploy: boolean;
  readonly domain: string;
  /** Stages of its deploys in which a question is put. */
  readonly checks: readonly CheckStage[];
  /** Users' requests a second. */
  readonly requests: number;
}

/** How the replicas of one version behave. Times are milliseconds. */
export interface Behaviour {
  readonly build: 'works' | 'fails' | 'hangs';
  readonly buildMs: number;
  readonly preDeploy: 'works' | 'fails' | 'hangs';
  readonly bootMs: number;
  readonly start: 'works' | 'fails';
  readonly neverReady: boolean;
  /** Ends by itself so long after its start, in its first so many attempts of a slot. */
  readonly ends: { readonly afterMs: number; readonly how: End; readonly attempts: number } | undefined;
  readonly ignoresSigterm: boolean;
  readonly stopMs: number;
  readonly inFlight: number;
  /** How long what is in flight takes once no new request comes. */
  readonly finishMs: number;
  /** How the question of one stage is answered; those of the others well. */
  readonly check: { readonly stage: CheckStage; readonly how: Answering } | undefined;
  /** What it runs before its first signal, and what is run after its end. */
  readonly drainCommand: Hooked;
  readonly drainCheck: Hooked;
  /** Share of its requests that fail. */
  readonly errors: number;
  readonly answerMs: number;
}
export type Answering = 'badly' | 'badly at first' | 'never' | 'now well, now badly';
export type Hooked = 'works' | 'fails' | 'hangs';

/** Nothing to be said against it. */
export const polite: Behaviour = {
  build: 'works',
  buildMs: 0,
  preDeploy: 'works',
  bootMs: 100,
  start: 'works',
  neverReady: false,
  ends: undefined,
  ignoresSigterm: false,
  stopMs: 0,
  inFlight: 0,
  finishMs: 0,
  check: undefined,
  drainCommand: 'works',
  drainCheck: 'works',
  errors: 0,
  answerMs: 10,
};
export type End = 'exits with 0' | 'exits with 1' | 'is killed' | 'runs out of memory';

/** What the machinery is like all the time. */
export interface Weather {
  readonly callMs: number;
  /** What is observed may be as old as the question. */
  readonly looksAreOld: boolean;
  /** A call whose caller died is carried out all the same. */
  readonly callsOutliveCaller: boolean;
}

export type StoryEvent = { readonly at: number } & (
  | { readonly kind: 'edit'; readonly service: string; readonly change: Partial<Sketch> }
  /** With a time: and comes back as it was. */
  | { readonly kind: 'leave'; readonly service: string; readonly forMs?: number }
  | { readonly kind: 'manifest breaks' }
  | { readonly kind: 'manifest is repaired' }
  | {
      readonly kind: 'deploy' | 'rollback' | 'restart' | 'promote' | 'abort' | 'pause' | 'resume';
      readonly service: string;
    }
  | { readonly kind: 'scale'; readonly service: string; readonly replicas: number }
  | { readonly kind: 'replica ends'; readonly which: number; readonly how: End }
  /** Without a time: for ever. */
  | { readonly kind: 'replica hangs'; readonly which: number; readonly forMs?: number }
  | { readonly kind: 'replica removed by hand'; readonly which: number }
  | { readonly kind: 'image removed by hand'; readonly which: number }
  | { readonly kind: 'engine away'; readonly forMs: number; readonly hangs: boolean }
  | { readonly kind: 'engine restarts'; readonly forMs: number }
  | { readonly kind: 'engine slow'; readonly forMs: number; readonly callMs: number }
  | { readonly kind: 'engine errs'; readonly forMs: number; readonly share: number }
  | { readonly kind: 'events lost' | 'events doubled'; readonly forMs: number }
  | { readonly kind: 'disk full'; readonly forMs: number }
  /** The machine's time of day: the engine's, the proxy's, and that of supervisors that begin from then on. */
  | { readonly kind: 'clock set back'; readonly byMs: number }
  /** The whole machine: its clock goes on meanwhile, and nothing else does. */
  | { readonly kind: 'machine sleeps'; readonly byMs: number }
  | { readonly kind: 'proxy dies'; readonly forMs: number }
  | { readonly kind: 'supervisor dies' | 'supervisor restarts'; readonly forMs: number }
  /** At the so-manieth effect from then on: before it, or after it and before anything is written down. */
  | { readonly kind: 'supervisor dies at'; readonly call: number; readonly when: DeathAt; readonly forMs: number }
);
export type DeathAt = 'before' | 'after';
