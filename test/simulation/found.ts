import { bluegreen, canary, concurrent, rolling, singleton, stopStart } from '../plan/policies.ts';
import { polite } from './scenario.ts';
import { handover } from './sim-commands.ts';
import type { Behaviour, Scenario, Sketch, StoryEvent } from './scenario.ts';

const web: Sketch = {
  name: 'web',
  version: 0,
  policy: { ...bluegreen, restart: { ...bluegreen.restart, when: 'always' } },
  replicas: 1,
  dependsOn: [],
  volume: false,
  preDeploy: false,
  domain: 'web.localhost',
  checks: [],
  requests: 0,
};

const noDrain = { ...bluegreen.drain, http: 'none', sse: 'none', websocket: 'none' } as const;
const short = { ...bluegreen.gate, deadlineSeconds: 20 };

const story = (sketch: Partial<Sketch>, behaviour: Partial<Behaviour>, events: readonly StoryEvent[]): Scenario => ({
  seed: 1,
  services: [{ ...web, ...sketch }],
  versions: [
    { ...polite, ...behaviour },
    { ...polite, ...behaviour },
  ],
  weather: { callMs: 1, looksAreOld: false, callsOutliveCaller: false },
  events,
  calmAt: 60_000,
});

const abortsWithoutRequests = {
  minRequests: 20,
  windowSeconds: 60,
  maxErrorIncrease: 5,
  maxLatencyRatio: {},
  onNoSample: 'abort',
} as const;

const edit = (at: number): StoryEvent => ({ at, kind: 'edit', service: 'web', change: { version: 1 } });

const oneByOne = { surge: { kind: 'count', count: 0 }, unavailable: { kind: 'count', count: 1 } } as const;

/** What simulations have found wrong, in the product or in their rules, each as the shortest story that showed it. */
export const found: Readonly<Record<string, Scenario>> = {
  'what a person scaled down while a newer version was tried out comes back as few when the one after that fails': {
    ...story({ replicas: 3, policy: { ...canary, gate: short, restart: web.policy.restart } }, {}, [
      { at: 5000, kind: 'edit', service: 'web', change: { version: 2 } },
      { at: 17_000, kind: 'scale', service: 'web', replicas: 1 },
      { at: 42_000, kind: 'edit', service: 'web', change: { version: 1, replicas: 2 } },
    ]),
    versions: [polite, { ...polite, neverReady: true }, polite],
  },
  'what serves stands by while the next version bakes, also if the word that it was ready once is lost': {
    ...story({ policy: { ...web.policy, bakeSeconds: 8 } }, {}, [
      edit(5000),
      { at: 5500, kind: 'disk full', forMs: 16_000 },
      { at: 9300, kind: 'supervisor restarts', forMs: 4000 },
      { at: 12_000, kind: 'edit', service: 'web', change: { version: 2 } },
    ]),
    versions: [polite, polite, polite],
  },
  'who handed its work over while the disk was full is routed again by a supervisor that finds no word of it': {
    ...story({ policy: { ...concurrent, drain: noDrain, handover, restart: web.policy.restart } }, { buildMs: 3000 }, [
      edit(10_000),
      { at: 12_000, kind: 'disk full', forMs: 15_000 },
      { at: 15_600, kind: 'supervisor dies', forMs: 4000 },
    ]),
    weather: { callMs: 300, looksAreOld: false, callsOutliveCaller: false },
  },
  'after the clock was set back a second supervisor moves nothing back once more': story(
    { policy: { ...stopStart, overlapSeconds: 3, restart: web.policy.restart } },
    { inFlight: 2, finishMs: 20_000 },
    [
      edit(5000),
      { at: 6000, kind: 'clock set back', byMs: 14_400_000 },
      { at: 6100, kind: 'supervisor dies', forMs: 500 },
      { at: 10_500, kind: 'supervisor dies', forMs: 500 },
    ],
  ),
  'a number that was used and lost while the disk was full is not used again while the table names it': story({}, {}, [
    { at: 3000, kind: 'disk full', forMs: 10_000 },
    { at: 4000, kind: 'replica ends', which: 0, how: 'exits with 1' },
    { at: 8000, kind: 'supervisor dies', forMs: 6000 },
    { at: 9000, kind: 'replica removed by hand', which: 0 },
  ]),
  'of three replicas one ended for good, and of the other two, when two are wanted, both serve': story(
    { replicas: 3, policy: { ...web.policy, restart: { ...web.policy.restart, when: 'never' } } },
    {},
    [
      { at: 5000, kind: 'replica ends', which: 1, how: 'exits with 0' },
      { at: 7000, kind: 'scale', service: 'web', replicas: 2 },
    ],
  ),
  'a replica that a rolling deploy told to drain ends also when the deploy fails as a blue-green one': story(
    { policy: { ...rolling, batch: oneByOne, restart: web.policy.restart } },
    { bootMs: 2500, inFlight: 1, finishMs: 20_000 },
    [
      edit(5000),
      { at: 6000, kind: 'edit', service: 'web', change: { policy: web.policy } },
      { at: 7000, kind: 'abort', service: 'web' },
    ],
  ),
  'a signal that the engine refused is sent by whoever comes next, without waiting for its end': story(
    { policy: { ...web.policy, overlapSeconds: 3 } },
    {},
    [
      edit(5000),
      { at: 9266, kind: 'engine errs', forMs: 500, share: 1 },
      { at: 9500, kind: 'supervisor dies', forMs: 500 },
    ],
  ),
  'what users met while the engine was away is not judged by, also where a newer version ends the wait': {
    ...story({ requests: 10, policy: { ...web.policy, bakeSeconds: 20 } }, {}, [
      edit(5000),
      { at: 8000, kind: 'engine restarts', forMs: 15_000 },
      { at: 17_000, kind: 'edit', service: 'web', change: { version: 2 } },
    ]),
    versions: [polite, polite, polite],
  },
  'a version that was begun while the disk was full meets no users before it was asked about': {
    ...story({ checks: ['smoke'] }, { buildMs: 3000 }, [
      { at: 2000, kind: 'disk full', forMs: 2500 },
      { at: 3500, kind: 'supervisor dies', forMs: 500 },
    ]),
  },
  'a version that had taken over while the disk was full serves on when a supervisor finds it being tried out': story(
    { checks: ['smoke'] },
    { bootMs: 2500 },
    [
      edit(10_000),
      { at: 11_000, kind: 'disk full', forMs: 15_000 },
      { at: 16_000, kind: 'supervisor dies', forMs: 2000 },
    ],
  ),
  'a version with more replicas that fails leaves the one before with its own number, also when that had crashed': {
    ...story({ policy: { ...bluegreen, restart: { ...web.policy.restart, when: 'never' } } }, {}, [
      { at: 5000, kind: 'replica ends', which: 0, how: 'exits with 1' },
      { at: 8000, kind: 'edit', service: 'web', change: { policy: { ...canary, analysis: abortsWithoutRequests } } },
      { at: 15_000, kind: 'edit', service: 'web', change: { version: 1, replicas: 2 } },
      { at: 40_000, kind: 'promote', service: 'web' },
    ]),
  },
  'a bake that is paused ends when a newer version begins': {
    ...story({ policy: { ...web.policy, bakeSeconds: 20 } }, {}, [
      edit(5000),
      { at: 9000, kind: 'pause', service: 'web' },
      { at: 12_000, kind: 'edit', service: 'web', change: { version: 2 } },
    ]),
    versions: [polite, polite, polite],
  },
  'a number that was used while the disk was full is used once': story(
    { replicas: 2, policy: { ...rolling, batch: oneByOne, restart: web.policy.restart } },
    { bootMs: 2500, buildMs: 3000 },
    [
      edit(10_000),
      { at: 12_000, kind: 'disk full', forMs: 4000 },
      { at: 15_000, kind: 'supervisor dies', forMs: 1500 },
    ],
  ),
  'a service that was scaled and becomes a singleton has one replica': story({}, {}, [
    { at: 5000, kind: 'scale', service: 'web', replicas: 3 },
    { at: 10_000, kind: 'edit', service: 'web', change: { policy: singleton } },
    edit(30_000),
  ]),
  'a version with a volume gets no second replica while one without is built, and after that failed': {
    ...story({ policy: stopStart, volume: true }, {}, [
      {
        at: 5000,
        kind: 'edit',
        service: 'web',
        change: { version: 1, replicas: 3, volume: false, policy: web.policy },
      },
    ]),
    versions: [polite, { ...polite, buildMs: 3000, neverReady: true }],
  },
  'a rollback to a version with a volume leads to one replica': story({ policy: stopStart, volume: true }, {}, [
    { at: 5000, kind: 'edit', service: 'web', change: { version: 1, replicas: 3, volume: false, policy: web.policy } },
    { at: 20_000, kind: 'rollback', service: 'web' },
  ]),
  'a version with a volume is handed over at a restart, also by the rules of one without that failed': {
    ...story({ policy: stopStart, volume: true }, {}, [
      { at: 5000, kind: 'edit', service: 'web', change: { version: 1, volume: false, policy: web.policy } },
      { at: 10_000, kind: 'restart', service: 'web' },
    ]),
    versions: [polite, { ...polite, build: 'fails' }],
  },
  'a signal of which no word could be left on a full disk is sent again': story({}, { stopMs: 5000 }, [
    edit(5000),
    { at: 6000, kind: 'disk full', forMs: 1000 },
    { at: 6500, kind: 'supervisor dies', forMs: 1000 },
  ]),
  'a version that a newer one finds baking is what is gone back to, also while its replica is away': {
    ...story({ policy: { ...web.policy, bakeSeconds: 20 } }, {}, [
      edit(5000),
      { at: 9000, kind: 'replica removed by hand', which: 1 },
      { at: 9300, kind: 'edit', service: 'web', change: { version: 2 } },
    ]),
    versions: [polite, polite, polite],
  },
  'a signal that was given up at the end of a supervisor is sent again by the next': {
    ...story({}, { stopMs: 5000 }, [edit(5000), { at: 9050, kind: 'supervisor restarts', forMs: 500 }]),
    weather: { callMs: 300, looksAreOld: false, callsOutliveCaller: false },
  },
  'nobody comes beside the old version any more once the service is a singleton, also in the middle of a preview':
    story({ policy: { ...web.policy, promotion: 'manual' } }, {}, [
      edit(5000),
      { at: 8000, kind: 'edit', service: 'web', change: { policy: singleton } },
      { at: 18_000, kind: 'replica removed by hand', which: 1 },
    ]),
  'what users meet after a bake is not judged by, also where its end is written down only once the disk has room': {
    ...story({ requests: 10, policy: { ...web.policy, bakeSeconds: 8 } }, {}, [
      edit(5000),
      { at: 10_000, kind: 'disk full', forMs: 15_000 },
      { at: 19_000, kind: 'replica hangs', which: 0 },
    ]),
    weather: { callMs: 300, looksAreOld: false, callsOutliveCaller: false },
  },
  'of a service that has become a singleton one comes back after an engine restart, not the old and the new version':
    story({ policy: { ...canary, restart: web.policy.restart } }, { bootMs: 9000 }, [
      edit(30_000),
      { at: 31_000, kind: 'edit', service: 'web', change: { policy: singleton } },
      { at: 37_000, kind: 'engine restarts', forMs: 15_000 },
    ]),
  'once a service is a singleton its old version does not come back beside the new one that is tried out': story(
    { policy: { ...canary, restart: web.policy.restart } },
    { bootMs: 12_000 },
    [
      edit(30_000),
      { at: 31_000, kind: 'edit', service: 'web', change: { policy: singleton } },
      { at: 37_000, kind: 'replica ends', which: 0, how: 'exits with 1' },
    ],
  ),
  'of who left the routes while the disk was full the next supervisor does not know': {
    ...story(
      { replicas: 2, policy: { ...rolling, overlapSeconds: 3, batch: oneByOne, restart: web.policy.restart } },
      {},
      [
        edit(10_000),
        { at: 11_500, kind: 'disk full', forMs: 10_000 },
        { at: 14_000, kind: 'supervisor dies', forMs: 500 },
      ],
    ),
    weather: { callMs: 300, looksAreOld: false, callsOutliveCaller: false },
  },
  'a supervisor that finds a failed deploy at its start has time to lead back': {
    ...story({ requests: 10, policy: { ...web.policy, bakeSeconds: 8 } }, {}, [
      edit(5000),
      { at: 5001, kind: 'supervisor dies at', call: 29, when: 'after', forMs: 4000 },
    ]),
    weather: { callMs: 300, looksAreOld: false, callsOutliveCaller: false },
    versions: [polite, { ...polite, errors: 0.5 }],
  },
  'what a failed canary goes back to is started although two other versions serve': {
    ...story({ policy: { ...stopStart, restart: web.policy.restart } }, {}, [
      edit(5000),
      {
        at: 15_000,
        kind: 'edit',
        service: 'web',
        change: { version: 2, policy: { ...canary, analysis: abortsWithoutRequests } },
      },
    ]),
    versions: [polite, { ...polite, bootMs: 12_000 }, { ...polite, bootMs: 2500 }],
  },
  'the overlap is counted from the word of the proxy also when it came to a supervisor that was killed': {
    ...story({ policy: { ...bluegreen, overlapSeconds: 3, restart: web.policy.restart } }, {}, [
      edit(10_000),
      { at: 10_001, kind: 'supervisor dies at', call: 24, when: 'before', forMs: 1000 },
    ]),
    weather: { callMs: 300, looksAreOld: true, callsOutliveCaller: true },
  },
  'an abort in the instant of the switch leads back to what is left of an old version that is never started again': {
    ...story(
      { replicas: 2, policy: { ...bluegreen, restart: { ...web.policy.restart, when: 'never' } } },
      { bootMs: 2000 },
      [
        edit(10_000),
        { at: 11_000, kind: 'replica ends', which: 1, how: 'runs out of memory' },
        { at: 14_700, kind: 'abort', service: 'web' },
      ],
    ),
    weather: { callMs: 300, looksAreOld: false, callsOutliveCaller: false },
  },
  'a change made while the disk was full is applied when it is not any more': story({}, {}, [
    { at: 5000, kind: 'disk full', forMs: 15_000 },
    edit(6000),
  ]),
  'what changed while no supervisor ran is applied although the disk was full at its start': story({}, {}, [
    { at: 3000, kind: 'supervisor restarts', forMs: 10_000 },
    edit(5000),
    { at: 9000, kind: 'disk full', forMs: 15_000 },
  ]),
  'a replica that got ready while no supervisor ran is not too late': story(
    { policy: { ...web.policy, gate: short } },
    { bootMs: 9000 },
    [{ at: 5000, kind: 'supervisor dies', forMs: 30_000 }],
  ),
  'a kill that was noted and never sent is sent': story(
    { policy: { ...rolling, restart: web.policy.restart } },
    { ignoresSigterm: true },
    [edit(5000), ...deathsFrom(5300)],
  ),
  'the time to end counts from when the signal arrived, however slow the engine is': story(
    { policy: { ...singleton, stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 3 }] } } },
    { stopMs: 2000 },
    [{ at: 4000, kind: 'engine slow', forMs: 40_000, callMs: 4000 }, edit(5000)],
  ),
  // Every other version has a host port in place of the volume.
  'nobody comes back beside a replica that has the host port, though the next version needs none': {
    ...story({ policy: { ...singleton, restart: web.policy.restart }, volume: true, version: 1 }, {}, [
      { at: 8000, kind: 'edit', service: 'web', change: { version: 3 } },
      {
        at: 10_000,
        kind: 'edit',
        service: 'web',
        change: { version: 2, replicas: 3, volume: false, policy: web.policy },
      },
    ]),
    versions: Array.from({ length: 4 }, () => ({ ...polite, bootMs: 3000 })),
  },
  'a service with a volume is not scaled to two': story({ policy: stopStart, volume: true }, {}, [
    { at: 5000, kind: 'scale', service: 'web', replicas: 2 },
  ]),
  'a replica that left the routes right before a kill overlaps all the same': story(
    { replicas: 2, policy: { ...rolling, overlapSeconds: 3, restart: web.policy.restart } },
    {},
    [
      { at: 36_475, kind: 'supervisor dies at', call: 6, when: 'before', forMs: 500 },
      { at: 39_162, kind: 'scale', service: 'web', replicas: 1 },
    ],
  ),
  'a rolling deploy that is aborted while it bakes keeps its capacity on the way back': story(
    { replicas: 2, policy: { ...rolling, bakeSeconds: 8, restart: web.policy.restart } },
    { bootMs: 2500 },
    [edit(5000), { at: 14_000, kind: 'abort', service: 'web' }],
  ),
  'a refused decision does not count as unwritten for ever': story({}, {}, [
    { at: 3000, kind: 'disk full', forMs: 10_000 },
    { at: 5000, kind: 'scale', service: 'web', replicas: 3 },
  ]),
  'the old version serves again when the new one ends in the instant of an atomic switch': {
    ...story({}, {}, [edit(5000)]),
    weather: { callMs: 20, looksAreOld: true, callsOutliveCaller: false },
    versions: [polite, { ...polite, bootMs: 0, ends: { afterMs: 50, how: 'exits with 1', attempts: 1000 } }],
  },
  'a failure in the instant of the switch brings the old version back at once': {
    ...story({ policy: { ...bluegreen, overlapSeconds: 3, restart: { ...web.policy.restart, when: 'never' } } }, {}, [
      edit(5000),
    ]),
    weather: { callMs: 20, looksAreOld: true, callsOutliveCaller: false },
    versions: [polite, { ...polite, bootMs: 0, ends: { afterMs: 50, how: 'runs out of memory', attempts: 1 } }],
  },
  'a canary that is taken back keeps its capacity while a crashed old replica comes back': story(
    { replicas: 3, policy: { ...canary, restart: web.policy.restart } },
    { bootMs: 4000 },
    [
      edit(10_000),
      { at: 17_000, kind: 'replica ends', which: 0, how: 'exits with 1' },
      { at: 18_500, kind: 'abort', service: 'web' },
    ],
  ),
  'a version that fails its users is taken back also after the clock was set back': {
    ...story({ requests: 20, policy: { ...bluegreen, bakeSeconds: 20, restart: web.policy.restart } }, {}, [
      { at: 3000, kind: 'clock set back', byMs: 3_600_000 },
      edit(5000),
    ]),
    versions: [polite, { ...polite, errors: 0.5 }],
  },
  'a replica whose drain command has begun serves nobody any more, whoever dies meanwhile': story(
    { replicas: 2, policy: { ...rolling, drain: noDrain, handover, restart: web.policy.restart } },
    { drainCommand: 'hangs' },
    [
      { at: 5000, kind: 'edit', service: 'web', change: { replicas: 1 } },
      { at: 7000, kind: 'supervisor dies', forMs: 500 },
      { at: 7100, kind: 'edit', service: 'web', change: { replicas: 2 } },
      { at: 7600, kind: 'engine away', forMs: 500, hangs: false },
    ],
  ),
};

/** The supervisor dies again and again, each time before the next effect. */
function deathsFrom(at: number): readonly StoryEvent[] {
  return Array.from({ length: 12 }, (_, index) => ({
    at: at + index * 4000,
    kind: 'supervisor dies at',
    call: index + 1,
    when: 'before',
    forMs: 1000,
  }));
}
