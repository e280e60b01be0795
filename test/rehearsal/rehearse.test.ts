import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventStream } from '../../src/lib/index.ts';
import { PointsmanError, rolloutId, serviceName } from '../../src/model/index.ts';
import type { RehearsalScenario, Rollout, RolloutPhase } from '../../src/model/index.ts';
import type { DeployReport } from '../../src/protocol/index.ts';
import { runRehearsal } from '../../src/rehearsal/index.ts';
import type { RehearsalProgress, RehearsalTarget, VariantDeploy } from '../../src/rehearsal/index.ts';
import { MisbehavingApp, until } from './stage/misbehaving-app.ts';

let app: MisbehavingApp;

beforeEach(async () => {
  app = await MisbehavingApp.start();
});
afterEach(() => app.close());

const host = 'app.localhost';
const scenario: RehearsalScenario = {
  name: 'api-deploy',
  project: 'quickstart',
  deploy: { services: ['api'], variables: { RELEASE: '2', MODE: 'fast' } },
  compare: ['stop-start', 'polite'],
  beforeSeconds: 0.3,
  afterSeconds: 1,
  workloads: [
    {
      kind: 'http',
      name: 'calls',
      host,
      path: '/',
      method: 'GET',
      headers: {},
      ratePerSecond: 100,
      timeoutSeconds: 30,
    },
    { kind: 'sse', name: 'progress', host, path: '/events', connections: 2, silenceSeconds: 60 },
    {
      kind: 'jobs',
      name: 'work',
      host,
      enqueue: { method: 'POST', path: '/jobs' },
      status: { path: '/jobs/{id}' },
      ratePerSecond: 10,
      done: ['done'],
      failed: ['failed'],
      timeoutSeconds: 30,
    },
  ],
  budgets: { failedRequests: 0, longestOutageMs: 0, droppedStreams: 0, abandonedJobs: 0 },
};

/** What a supervisor would do to the app, as told by the variant. */
type Deploy = (request: VariantDeploy, report: (phase: RolloutPhase) => DeployReport) => AsyncIterable<DeployReport>;

const supervisor = (
  deploy: Deploy,
): RehearsalTarget & { readonly deploys: VariantDeploy[]; readonly promoted: string[] } => {
  const deploys: VariantDeploy[] = [];
  const promoted: string[] = [];
  return {
    project: 'quickstart',
    engine: 'process',
    http: app.address,
    deploys,
    promoted,
    promote: async (service) => void promoted.push(service),
    deploy: async (request) => {
      deploys.push(request);
      return { deployId: `d${deploys.length}` };
    },
    followDeploy: (deployId) => {
      const history: Rollout['history'][number][] = [];
      const request = deploys.at(-1);
      if (request === undefined) throw new Error('nothing deployed');
      return deploy(request, (phase) => {
        history.push({ phase, at: Date.now() });
        return reportOf(deployId, phase, history);
      });
    },
  };
};

const reportOf = (deployId: string, phase: RolloutPhase, history: Rollout['history']): DeployReport => ({
  deployId,
  finished: phase === 'completed' || phase === 'failed',
  result: phase === 'completed' || phase === 'failed' ? phase : 'running',
  progress: {},
  rollouts: [
    {
      id: rolloutId(`api-${deployId}`),
      service: serviceName('api'),
      from: 1,
      to: 2,
      phase,
      startedAt: history[0]?.at ?? 0,
      history: [...history],
      deployId,
      ...(phase === 'failed' && { failure: { code: 'ROLLOUT_FAILED', message: 'never got healthy' } }),
    },
  ],
});

/** stop-start: an outage while it replaces; polite: nothing is lost. */
const deploy: Deploy = async function* deployAs(request, report) {
  yield report('replacing');
  const requests = app.requests;
  if (request.platform === 'stop-start') {
    app.behaviour = 'status-502';
    app.streamStatus = 502;
    app.cutStreams();
    await until(() => app.requests > requests + 30);
    app.behaviour = 'ok';
    app.streamStatus = 200;
  } else {
    app.endStreams();
    await until(() => app.requests > requests + 30);
  }
  yield report('completed');
};

const options = (target: RehearsalTarget, override: Partial<RehearsalScenario> = {}) => ({
  scenario: { ...scenario, ...override },
  target,
  signal: new AbortController().signal,
});

const failure = async (promise: Promise<unknown>): Promise<PointsmanError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PointsmanError) return error;
  throw new Error(`expected a PointsmanError, got ${String(error)}`);
};

/** Streams want an event now and then. */
const ticking = async <Result>(promise: Promise<Result>): Promise<Result> => {
  const timer = setInterval(() => app.emit(), 20);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
};

test('the same load goes over each variant, and the report says what each lost in which phase', async () => {
  const target = supervisor(deploy);
  const progress: RehearsalProgress[] = [];
  const report = await ticking(runRehearsal({ ...options(target), onProgress: (step) => progress.push(step) }));

  expect(target.deploys).toEqual([
    {
      services: ['api'],
      variables: { RELEASE: '2', MODE: 'fast' },
      platform: 'stop-start',
      cause: 'rehearsal api-deploy, variant stop-start',
    },
    {
      services: ['api'],
      variables: { RELEASE: '3', MODE: 'fast' },
      platform: 'polite',
      cause: 'rehearsal api-deploy, variant polite',
    },
  ]);
  expect(report).toMatchObject({
    version: 1,
    rehearsal: 'api-deploy',
    project: 'quickstart',
    engine: 'process',
    verdict: 'pass',
  });
  const [stopStart, polite] = report.runs;
  expect(stopStart).toMatchObject({ variant: 'stop-start', verdict: 'fail', deploy: { result: 'completed' } });
  expect(stopStart?.workloads['calls']?.failuresByPhase['api replacing']).toBeGreaterThan(10);
  expect(stopStart?.workloads['progress']?.streams).toMatchObject({
    dropped: 2,
    droppedByPhase: { 'api replacing': 2 },
  });
  expect(polite?.workloads['calls']).toMatchObject({ failed: 0, longestOutageMs: 0 });
  expect(polite?.workloads['progress']?.streams).toMatchObject({ dropped: 0, resumed: 2, eventsLost: 0 });
  expect(polite?.workloads['work']).toMatchObject({ kind: 'jobs', jobs: { abandoned: 0 } });
  expect(polite?.phases.map(({ name, service }) => `${service ?? 'run'} ${name}`)).toEqual([
    'run before',
    'run deploy',
    'run after',
    'api replacing',
  ]);
  const stages = progress.flatMap((step) =>
    step.kind === 'stage' ? [`${step.variant} ${step.stage} ${step.number}/${step.of}`] : [],
  );
  expect(stages.slice(0, 5)).toEqual([
    'stop-start steadying 1/2',
    'stop-start before 1/2',
    'stop-start deploy 1/2',
    'stop-start after 1/2',
    'stop-start finishing 1/2',
  ]);
  expect(progress.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['load', 'deploy', 'finished']));
});

test('other variants can be asked for; the last one is judged', async () => {
  const target = supervisor(deploy);
  const report = await ticking(
    runRehearsal({
      ...options(target, {
        workloads: scenario.workloads.slice(0, 1),
        deploy: { services: ['api'], variables: { RELEASE: 'blue' } },
      }),
      variants: ['polite', 'stop-start'],
    }),
  );
  expect(report.verdict).toBe('fail');
  expect(target.deploys.map(({ variables }) => variables['RELEASE'])).toEqual(['blue', 'blue-stop-start']);
});

const quick: Partial<RehearsalScenario> = {
  compare: ['polite'],
  workloads: scenario.workloads.slice(0, 1),
  beforeSeconds: 0.05,
  afterSeconds: 0.05,
};

test('a deploy that fails fails the run, with its reason, whatever the budgets say', async () => {
  const target = supervisor(async function* failing(_, report) {
    yield report('replacing');
    yield report('failed');
  });
  const { verdict, runs } = await runRehearsal(options(target, { ...quick, budgets: {} }));
  expect(verdict).toBe('fail');
  expect(runs[0]?.deploy).toMatchObject({ result: 'failed', message: 'api: never got healthy' });
});

const throwing = (error: PointsmanError): RehearsalTarget => ({
  ...supervisor(deploy),
  deploy: async () => {
    throw error;
  },
});

test('a deploy that the supervisor could not carry out is a result; one it was asked for wrongly is not', async () => {
  const failed = throwing(new PointsmanError('BUILD_FAILED', { message: 'the build of api failed' }));
  const { runs } = await runRehearsal(options(failed, quick));
  expect(runs[0]?.deploy).toMatchObject({ result: 'failed', message: 'the build of api failed' });
  const wrong = throwing(new PointsmanError('SERVICE_UNKNOWN', { message: 'no service apj' }));
  expect((await failure(runRehearsal(options(wrong, quick)))).code).toBe('SERVICE_UNKNOWN');
});

test('a supervisor that falls silent ends the rehearsal', async () => {
  const target = supervisor(async function* silent(_, report) {
    yield report('replacing');
  });
  expect((await failure(runRehearsal(options(target, quick)))).code).toBe('SUPERVISOR_UNREACHABLE');
});

test('a rollout that waits for somebody is promoted: nobody sits at a rehearsal', async () => {
  const target = supervisor(async function* waiting(_, report) {
    const { rollouts, ...others } = report('previewing');
    yield { ...others, rollouts: rollouts.map((rollout) => ({ ...rollout, waitsFor: 'promotion' as const })) };
    yield report('completed');
  });
  const { runs } = await runRehearsal(options(target, quick));
  expect(runs[0]?.deploy.result).toBe('completed');
  expect(target.promoted).toEqual(['api']);
});

test('a deploy that never ends is given up', async () => {
  const target: RehearsalTarget = {
    ...supervisor(deploy),
    followDeploy: (_, signal) => {
      const stream = new EventStream<DeployReport>();
      signal.addEventListener('abort', () => stream.end(), { once: true });
      return stream;
    },
  };
  const { runs } = await runRehearsal({ ...options(target, quick), limits: { deployMs: 300 } });
  expect(runs[0]?.deploy).toMatchObject({ result: 'failed', message: 'The deploy did not end within 0.3 s.' });
});

test('a rehearsal does not begin while something is broken, and says which workload and why', async () => {
  app.behaviour = 'status-404';
  const error = await failure(ticking(runRehearsal({ ...options(supervisor(deploy)), limits: { steadyMs: 2000 } })));
  expect(error.code).toBe('REHEARSAL_UNSTEADY');
  expect(error.output).toEqual(['calls: GET app.localhost/: 404', 'work: POST app.localhost/jobs: 404']);
});

test('an interrupted rehearsal leaves nothing open', async () => {
  const interrupt = new AbortController();
  const rehearsal = ticking(
    runRehearsal({
      ...options(supervisor(deploy), { beforeSeconds: 600 }),
      signal: interrupt.signal,
      onProgress: (step) => {
        if (step.kind === 'load') interrupt.abort(new Error('interrupted'));
      },
    }),
  );
  await expect(rehearsal).rejects.toThrow('interrupted');
  await until(() => app.openStreams === 0);
});

test('a rehearsal without a variant is bad usage', async () => {
  expect((await failure(runRehearsal(options(supervisor(deploy), { compare: [] })))).code).toBe('USAGE');
});
