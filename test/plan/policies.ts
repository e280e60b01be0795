import type { RolloutPolicy } from '../../src/model/index.ts';

const edge = { status: 502, headers: {}, body: 'nothing here' };

/** Blue-green with a short drain; what a test varies, it overrides. */
export const bluegreen: RolloutPolicy = {
  strategy: 'blue-green',
  order: 'start-first',
  batch: { surge: { kind: 'percent', percent: 100, round: 'up' }, unavailable: { kind: 'count', count: 0 } },
  gate: {
    probe: { kind: 'http', path: '/health', ok: '200' },
    schedule: { firstDelaySeconds: 0, timeoutSeconds: 1, waitSeconds: [1] },
    successes: 1,
    deadlineSeconds: 60,
  },
  switch: 'atomic',
  overlapSeconds: 0,
  drain: { http: 'wait', sse: 'end-at-event', websocket: 'close-frame', timeoutSeconds: 30 },
  stop: { signals: [{ signal: 'SIGTERM', waitSeconds: 10 }] },
  restart: {
    when: 'on-failure',
    maxRetries: 3,
    backoff: { baseSeconds: 1, factor: 2, capSeconds: 30, resetAfterSeconds: 60 },
  },
  edge: {
    noUpstream: edge,
    unknownHost: { ...edge, status: 404 },
    balance: 'round-robin',
    dial: { attempts: 1, timeoutMs: 1000 },
    hold: { seconds: 0, maxRequests: 0 },
  },
  preDeploy: { timeoutSeconds: 60 },
  commandForm: 'exec',
  progressDeadlineSeconds: 600,
};

export const rolling: RolloutPolicy = {
  ...bluegreen,
  strategy: 'rolling',
  batch: { surge: { kind: 'count', count: 1 }, unavailable: { kind: 'count', count: 0 } },
  switch: 'per-instance',
};

export const stopStart: RolloutPolicy = {
  ...bluegreen,
  strategy: 'stop-start',
  order: 'stop-first',
  batch: { surge: { kind: 'count', count: 0 }, unavailable: { kind: 'percent', percent: 100, round: 'up' } },
};

export const concurrent: RolloutPolicy = {
  ...bluegreen,
  strategy: 'concurrent',
  order: 'concurrent',
  batch: {
    surge: { kind: 'percent', percent: 100, round: 'up' },
    unavailable: { kind: 'percent', percent: 100, round: 'down' },
  },
  switch: 'per-instance',
};

export const singleton: RolloutPolicy = {
  ...stopStart,
  strategy: 'singleton',
  batch: { surge: { kind: 'count', count: 0 }, unavailable: { kind: 'count', count: 1 } },
};

/** A tenth until somebody looks, then half for a minute; judged by twenty requests. */
export const canary: RolloutPolicy = {
  ...bluegreen,
  strategy: 'canary',
  canary: {
    steps: [
      { percent: 10, pause: 'promote' },
      { percent: 50, pause: 60 },
    ],
    matches: [{ by: 'header', name: 'x-canary' }],
  },
  analysis: {
    minRequests: 20,
    windowSeconds: 60,
    maxErrorIncrease: 5,
    maxLatencyRatio: { p95: 2 },
    onNoSample: 'hold',
  },
};
