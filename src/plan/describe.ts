import type { Amount, CanaryPolicy, Operation, Probe, RolloutPolicy, ServiceName } from '../model/index.ts';

/** What the last deploys of a service took, in milliseconds: the middle one of so many. */
export interface Expectation {
  readonly runs: number;
  /** How long nobody served. */
  readonly gapMs: number;
  /** From the first start to the last switch. */
  readonly replacingMs: number;
  readonly totalMs: number;
}

/** One service of a plan, as people read it. */
export interface PlannedService {
  readonly service: ServiceName;
  readonly change: 'create' | 'replace' | 'scale' | 'remove' | 'none';
  readonly why: string;
  readonly replicas: number;
  readonly policy: RolloutPolicy | undefined;
  /** What forces the policy to be other than asked: a volume, a host port, one instance only. */
  readonly notes: readonly string[];
  /** What is different from what runs, value by value. */
  readonly differences: readonly string[];
  readonly expected: Expectation | undefined;
  readonly operations: readonly Operation[];
}

/** The plan as text, wave by wave; services without change are summed up in one line. */
export const describePlan = (waves: readonly (readonly PlannedService[])[]): string => {
  const changing = waves
    .map((wave) => wave.filter((service) => service.change !== 'none'))
    .filter((wave) => wave.length > 0);
  const unchanged = waves
    .flat()
    .filter((service) => service.change === 'none')
    .map((service) => service.service);
  const lines = changing.flatMap((wave, index) => [
    ...(changing.length > 1 ? [`wave ${index + 1}`] : []),
    ...wave.flatMap(describeService),
  ]);
  if (changing.length === 0) lines.push('nothing to do');
  if (unchanged.length > 0) lines.push(`unchanged: ${unchanged.join(', ')}`);
  return lines.join('\n');
};

const describeService = (planned: PlannedService): readonly string[] => [
  `${planned.service}: ${planned.change} (${planned.why})`,
  ...(planned.policy === undefined ? [] : [`  how: ${describePolicy(planned.policy, planned.replicas)}`]),
  ...planned.differences.map((difference) => `  differs: ${difference}`),
  ...describeExpectation(planned.expected),
  ...planned.notes.map((note) => `  note: ${note}`),
  ...planned.operations.map((operation) => `  ${describeOperation(operation)}`),
];

const describeExpectation = (expected: Expectation | undefined): readonly string[] => {
  if (expected === undefined) return [];
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const gap = expected.gapMs === 0 ? 'no gap' : `a gap of ${seconds(expected.gapMs)}`;
  const runs = expected.runs === 1 ? 'the last deploy' : `the last ${expected.runs} deploys`;
  return [
    `  expected: ${gap}, ${seconds(expected.replacingMs)} of replacing, ${seconds(expected.totalMs)} in all, as ${runs} took`,
  ];
};

export const describeOperation = (operation: Operation): string => {
  switch (operation.kind) {
    case 'build':
      return `build revision ${operation.revision}: ${operation.cause}`;
    case 'pre-deploy':
      return `run the pre-deploy command of revision ${operation.revision}: ${operation.cause}`;
    case 'verify':
      return describeVerify(operation);
    case 'start':
      return `start ${operation.replica.id}: ${operation.cause}`;
    case 'route':
      return `route to ${operation.members.length === 0 ? 'nothing' : operation.members.join(', ')}: ${operation.cause}`;
    case 'drain':
      return `drain ${operation.replica}: ${operation.cause}`;
    case 'signal':
      return `send ${operation.signal} to ${operation.replica}: ${operation.cause}`;
    case 'drain-command':
      return `run the drain command in ${operation.replica}: ${operation.cause}`;
    case 'drain-check':
      return `run the drain check of ${operation.replica.id}: ${operation.cause}`;
    case 'remove':
      return `remove ${operation.replica}: ${operation.cause}`;
  }
};

const describeVerify = ({ stage, revision, cause }: Extract<Operation, { kind: 'verify' }>): string =>
  stage === 'smoke'
    ? `ask the smoke checks of revision ${revision}: ${cause}`
    : `ask the checks ${stage} the deploy of revision ${revision}: ${cause}`;

/** A policy in one line: `rolling, start-first (1 more), ready by GET /healthcheck within 100 s, …`. */
export const describePolicy = (policy: RolloutPolicy, replicas: number): string =>
  [
    `${policy.strategy} of ${replicas}`,
    describeOrder(policy),
    `ready by ${describeProbe(policy.gate.probe)} within ${policy.gate.deadlineSeconds} s`,
    ...describeTryOut(policy),
    policy.switch === 'atomic' ? 'one switch for all' : 'each enters when ready',
    ...(policy.bakeSeconds === undefined ? [] : [`old stands by for ${policy.bakeSeconds} s`]),
    ...(policy.overlapSeconds > 0 ? [`${policy.overlapSeconds} s overlap`] : []),
    policy.drain.http === 'wait' ? `drains up to ${policy.drain.timeoutSeconds} s` : 'does not drain',
    describeStop(policy),
  ].join(', ');

const describeOrder = ({ order, batch }: RolloutPolicy): string => {
  switch (order) {
    case 'start-first':
      return `new beside old (${describeAmount(batch.surge)} more at a time)`;
    case 'stop-first':
      return `old stops first (${describeAmount(batch.unavailable)} at a time)`;
    case 'concurrent':
      return 'old stops while new starts';
  }
};

const describeTryOut = ({ smoke, promotion, canary }: RolloutPolicy): readonly string[] => [
  ...(smoke === undefined ? [] : [`${smoke.length} smoke check${smoke.length === 1 ? '' : 's'}`]),
  ...(promotion === 'manual' ? ['waits for promote'] : []),
  ...(canary === undefined
    ? []
    : [canary.steps.map(({ percent, pause }) => `${percent} % ${pauseWords(pause)}`).join(' → ')]),
  ...(canary === undefined || canary.matches.length === 0
    ? []
    : [`from the first step also ${describeMatches(canary)}`]),
];

/** `header x-canary: 1 or cookie beta`. */
export const describeMatches = ({ matches }: CanaryPolicy): string =>
  matches.map(({ by, name, value }) => `${by} ${name}${value === undefined ? '' : `: ${value}`}`).join(' or ');

const pauseWords = (pause: number | 'promote'): string => (pause === 'promote' ? 'until promote' : `${pause} s`);

const describeAmount = (amount: Amount): string =>
  amount.kind === 'count' ? String(amount.count) : `${amount.percent} %`;

const describeProbe = (probe: Probe): string => {
  switch (probe.kind) {
    case 'http':
      return `GET ${probe.path} = ${probe.ok}`;
    case 'tcp':
      return 'an open port';
    case 'exec':
      return `\`${probe.command.join(' ')}\``;
    case 'uptime':
      return probe.seconds === 0 ? 'having started' : `${probe.seconds} s of uptime`;
  }
};

const describeStop = (policy: RolloutPolicy): string =>
  [...policy.stop.signals.map(({ signal, waitSeconds }) => `${signal} ${waitSeconds} s`), 'SIGKILL'].join(' → ');
