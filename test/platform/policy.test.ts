import { describe, expect, it } from 'vitest';
import { platformNames } from '../../src/platform/index.ts';
import { compile, dns, web, worker } from './compile.ts';

const formOf = (startCommand: string): string => compile('pointsman', { ...web, startCommand }).policy.commandForm;

describe('railway', () => {
  it('starts all new replicas beside the old, asks for 200 on its schedule, and signals at once', () => {
    const { policy } = compile('railway', web, { healthcheckPath: '/up' });
    expect(policy).toMatchObject({
      strategy: 'blue-green',
      order: 'start-first',
      batch: { surge: { kind: 'percent', percent: 100 }, unavailable: { kind: 'count', count: 0 } },
      switch: 'atomic',
      overlapSeconds: 0,
      drain: { http: 'none', sse: 'none', websocket: 'none', timeoutSeconds: 0 },
      stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 0 }] },
      restart: { when: 'on-failure', maxRetries: 10 },
      gate: {
        probe: { kind: 'http', path: '/up', host: 'healthcheck.railway.app', ok: '200' },
        schedule: { firstDelaySeconds: 0, timeoutSeconds: 10, waitSeconds: [1, 2, 4, 8, 16, 30] },
        successes: 1,
        deadlineSeconds: 300,
      },
      edge: { noUpstream: { status: 502 }, unknownHost: { status: 404 }, balance: 'random', hold: { seconds: 0 } },
      commandForm: 'exec',
    });
    expect(policy.edge.noUpstream.headers['x-railway-fallback']).toBe('true');
    expect(JSON.parse(policy.edge.noUpstream.body)).toEqual({
      status: 'error',
      code: 502,
      message: 'Application failed to respond',
      request_id: '{{requestId}}',
    });
  });

  it('without a health check sends users to a replica that has merely started, and that is said', () => {
    const { policy, notes } = compile('railway', web);
    expect(policy.gate.probe).toEqual({ kind: 'uptime', seconds: 0 });
    expect(notes).toContain(
      'It has no deploy.healthcheckPath: railway sends users to a new replica as soon as it has started, ready or not.',
    );
  });

  it('takes overlap, draining, timeout and restarts from the user', () => {
    const { policy } = compile('railway', web, {
      healthcheckPath: '/up',
      healthcheckTimeout: 30,
      overlapSeconds: 5,
      drainingSeconds: 20,
      restartPolicyType: 'NEVER',
      restartPolicyMaxRetries: 3,
    });
    expect(policy.gate.deadlineSeconds).toBe(30);
    expect(policy.overlapSeconds).toBe(5);
    expect(policy.stop.signals).toEqual([{ signal: 'SIGTERM', waitSeconds: 20 }]);
    expect(policy.drain.timeoutSeconds).toBe(0);
    expect(policy.restart).toMatchObject({ when: 'never', maxRetries: 3 });
  });

  it('replaces in its own way whatever the strategy says: two schedulers overlap there too', () => {
    const { policy, notes, origins } = compile('railway', { ...worker, replicas: 1 }, { strategy: 'singleton' });
    expect(policy.order).toBe('start-first');
    expect(notes).toContain(
      'deploy.strategy: singleton has no effect on railway, which always replaces by blue-green.',
    );
    expect(origins['deploy.strategy']).toMatchObject({
      value: 'blue-green',
      source: { kind: 'platform', platform: 'railway' },
      overrode: [{ value: 'singleton', source: { kind: 'command' } }],
    });
  });

  it('stops the old replica first where a volume is', () => {
    const { policy, notes } = compile('railway', { ...web, replicas: 1, hasVolume: true }, { overlapSeconds: 5 });
    expect(policy).toMatchObject({ strategy: 'stop-start', order: 'stop-first' });
    expect(notes).toEqual(
      expect.arrayContaining([
        'It has a volume: the old replica is stopped before the new one starts, so every deploy is a short outage.',
        'deploy.overlapSeconds has no effect: the old replica is gone before the new one starts.',
      ]),
    );
  });

  it('gives no service a port of the machine: hostPorts has no effect', () => {
    const { policy, hostPorts, notes } = compile('railway', { ...worker, replicas: 1, hostPorts: [dns] });
    expect(policy.strategy).toBe('blue-green');
    expect(hostPorts).toEqual([]);
    expect(notes).toContain(
      'hostPorts has no effect on railway, which gives no service a port of the machine: tcp is what its proxy can do.',
    );
  });

  it('says which of its rules nobody could source, and whose values stand in', () => {
    const { notes, origins, policy } = compile('railway', web, { healthcheckPath: '/up' });
    expect(notes).toEqual([
      "railway does not say what it does about gate.firstDelaySeconds, restart.backoff, preDeploy.timeoutSeconds: Pointsman's own values are used.",
    ]);
    expect(origins['policy.restart.backoff']).toEqual({
      value: policy.restart.backoff,
      source: { kind: 'default' },
      overrode: [{ value: 'unknown', source: { kind: 'platform', platform: 'railway', source: 'not documented' } }],
    });
  });

  it.each([
    ['python -m app', 'exec', false],
    ['/bin/sh -c "exec python main.py --port $PORT"', 'exec', false],
    ['python main.py --port $PORT', 'exec', true],
    ['npx migrate && node index.js', 'exec', true],
    ['cd app', 'exec', true],
    ["node -e 'a && b'", 'exec', false],
    ['FOO=1 node x', 'exec', true],
  ])('starts %s without a shell, and says when it needs one', (startCommand, form, isNoted) => {
    const { policy, notes } = compile('railway', { ...web, startCommand }, { healthcheckPath: '/up' });
    expect(policy.commandForm).toBe(form);
    expect(notes.some((note) => note.includes('shell syntax'))).toBe(isNoted);
  });

  it('starts what it built from source in a shell', () => {
    expect(compile('railway', { ...web, packaging: 'source', startCommand: 'node x' }).policy.commandForm).toBe(
      'shell',
    );
  });
});

describe('railway-stop-start', () => {
  it('stops every old replica, with ten seconds of grace, before a new one starts', () => {
    const { policy } = compile('railway-stop-start', web, { healthcheckPath: '/up', strategy: 'blue-green' });
    expect(policy).toMatchObject({
      strategy: 'stop-start',
      order: 'stop-first',
      batch: { surge: { kind: 'count', count: 0 }, unavailable: { kind: 'percent', percent: 100 } },
      stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 10 }] },
      edge: { noUpstream: { status: 502 }, hold: { seconds: 0 } },
      gate: { probe: { kind: 'http', ok: '200' } },
    });
    expect(compile('railway-stop-start', worker).policy.strategy).toBe('stop-start');
  });
});

describe('pointsman', () => {
  it('replaces what serves at once, after a check as the user would ask, and drains first', () => {
    const { policy, notes } = compile('pointsman', web, { healthcheckPath: '/up' });
    expect(notes).toEqual([]);
    expect(policy).toMatchObject({
      strategy: 'blue-green',
      switch: 'atomic',
      gate: { probe: { kind: 'http', path: '/up', host: 'web.localhost', ok: '2xx' } },
      drain: { http: 'wait', sse: 'end-at-event', websocket: 'close-frame', timeoutSeconds: 30 },
      stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 10 }] },
      edge: { balance: 'least-requests' },
    });
    expect(policy.gate.schedule.waitSeconds.slice(0, 3)).toEqual([0.1, 0.1, 0.1]);
    expect(policy.gate.schedule.waitSeconds.at(-1)).toBe(1);
    expect(policy.edge.hold.seconds).toBeGreaterThan(0);
  });

  it('replaces workers one by one, gives them what draining they asked for after the signal, and no traffic to wait for', () => {
    const { policy } = compile('pointsman', worker, { drainingSeconds: 1200 });
    expect(policy).toMatchObject({
      strategy: 'rolling',
      switch: 'per-instance',
      batch: { surge: { kind: 'count', count: 1 }, unavailable: { kind: 'count', count: 0 } },
      gate: { probe: { kind: 'uptime', seconds: 2 } },
      drain: { timeoutSeconds: 0 },
      stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 1200 }] },
    });
    expect(policy.progressDeadlineSeconds).toBeGreaterThan(2 * 1200);
  });

  it('asks for an open port where there is no path, and for a command where there is one', () => {
    expect(compile('pointsman', web).policy.gate.probe).toEqual({ kind: 'tcp' });
    expect(compile('pointsman', web, { healthcheckPort: 9 }).policy.gate.probe).toEqual({ kind: 'tcp', port: 9 });
    const command = compile('pointsman', web, { healthcheckCommand: ['pg_isready'] }).policy.gate;
    expect(command.probe).toEqual({ kind: 'exec', command: ['pg_isready'] });
    expect(command.schedule.waitSeconds).toEqual([0.5]);
  });

  it('takes surge and unavailable as numbers or shares', () => {
    const { policy } = compile('pointsman', web, { strategy: 'rolling', surge: '50%', unavailable: 1 });
    expect(policy.batch).toEqual({
      surge: { kind: 'percent', percent: 50, round: 'up' },
      unavailable: { kind: 'count', count: 1 },
    });
    const noSurge = compile('pointsman', web, { strategy: 'rolling', surge: 0, unavailable: 1 }).policy;
    expect(noSurge.order).toBe('stop-first');
    expect(compile('pointsman', web, { surge: 1 }).notes).toEqual([
      'deploy.surge and deploy.unavailable have no effect with blue-green.',
    ]);
  });

  it('a singleton is never there twice', () => {
    const { policy } = compile('pointsman', { ...worker, replicas: 1 }, { strategy: 'singleton' });
    expect(policy).toMatchObject({
      order: 'stop-first',
      batch: { surge: { kind: 'count', count: 0 }, unavailable: { kind: 'count', count: 1 } },
    });
  });

  it('uses a shell only where the command needs one, so that signals reach the program', () => {
    expect(formOf('node server.js --name "a b"')).toBe('exec');
    expect(formOf('node server.js --port ${PORT}')).toBe('shell');
  });

  it('lets the user set the deadline of a rollout', () => {
    expect(compile('pointsman', web, { progressDeadlineSeconds: 60 }).policy.progressDeadlineSeconds).toBe(60);
  });
});

it('every platform compiles for every kind of service, with a source for every value', () => {
  for (const platform of platformNames) {
    for (const facts of [
      web,
      worker,
      { ...worker, replicas: 1, hasVolume: true, hostPorts: [dns] },
      { ...web, replicas: 0 },
    ]) {
      const { policy, origins } = compile(platform, facts);
      expect(policy.progressDeadlineSeconds).toBeGreaterThan(policy.gate.deadlineSeconds);
      for (const { source } of Object.values(origins)) {
        expect(source.kind === 'default' || (source.kind === 'platform' && source.source.length > 8)).toBe(true);
      }
    }
  }
});

it('an unknown platform is an error with the nearest name', () => {
  expect(() => compile('railwai', web)).toThrowError(
    expect.objectContaining({
      code: 'PLATFORM_UNKNOWN',
      message: 'There is no platform "railwai".',
      fix: 'Did you mean "railway"?',
    }),
  );
});
