import { describe, expect, it } from 'vitest';
import type { DeployValues, ServiceFacts } from '../../src/platform/index.ts';
import { compile, dns, web, worker } from './compile.ts';

const everything: Partial<DeployValues> = {
  canary: { steps: [{ percent: 10, pause: 60 }], matches: [{ cookie: 'beta', value: '1' }] },
  analysis: { maxP95Ratio: 2 },
  promotion: 'manual',
  smoke: [
    {
      name: 'up',
      through: 'replicas',
      withinSeconds: 10,
      everySeconds: 5,
      question: { kind: 'exec', command: ['true'] },
    },
  ],
  bakeSeconds: 300,
  affinity: 'revision',
  hold: { seconds: 1, maxRequests: 1 },
  drainCommand: 'true',
  drainCheck: 'test -e x && echo y',
};

describe('what Pointsman does beyond platforms', () => {
  it.each(['railway', 'railway-stop-start'])(
    'has no effect on %s, whose rules stay as they are, and that is said',
    (name) => {
      const plain = compile(name, web);
      const asked = compile(name, web, everything);
      expect(asked.policy).toEqual(plain.policy);
      expect(asked.notes.join('\n')).toMatch(
        /deploy\.canary, .*deploy\.drainCheck have no effect on railway.*Pointsman's own/,
      );
    },
  );

  it('is off unless somebody asks for it', () => {
    expect(Object.keys(compile('pointsman', web).policy).sort()).toEqual(
      Object.keys(compile('railway', web).policy).sort(),
    );
  });

  it('is all there with a canary', () => {
    const { policy, notes } = compile('pointsman', web, { strategy: 'canary', ...everything });
    expect(policy).toMatchObject({
      order: 'start-first',
      switch: 'atomic',
      canary: {
        steps: [{ percent: 10, pause: 60 }],
        matches: [{ by: 'cookie', name: 'beta', value: '1' }],
      },
      analysis: {
        minRequests: 50,
        windowSeconds: 60,
        maxErrorIncrease: 1,
        maxLatencyRatio: { p95: 2 },
        onNoSample: 'hold',
      },
      promotion: 'manual',
      bakeSeconds: 300,
      affinity: { to: 'revision', cookie: 'pointsman-affinity' },
      edge: { hold: { seconds: 1, maxRequests: 1 } },
      handover: {
        command: { command: 'true', form: 'exec', timeoutSeconds: 10 },
        check: { command: 'test -e x && echo y', form: 'shell' },
      },
    });
    expect(policy.smoke).toHaveLength(1);
    expect(notes).toEqual([]);
  });

  it('has steps of its own for a canary without any', () => {
    expect(compile('pointsman', web, { strategy: 'canary' }).policy.canary?.steps).toHaveLength(2);
  });

  it('needs the new version to stand whole beside the old one', () => {
    const { policy, notes } = compile('pointsman', web, { strategy: 'rolling', promotion: 'manual', bakeSeconds: 5 });
    expect(policy).not.toHaveProperty('promotion');
    expect(policy).not.toHaveProperty('bakeSeconds');
    expect(notes.join()).toContain('deploy.promotion, deploy.bakeSeconds have no effect with rolling');
  });

  it('needs users where users are what it is about', () => {
    const { policy, notes } = compile('pointsman', worker, { strategy: 'blue-green', bakeSeconds: 5 });
    expect(policy).not.toHaveProperty('bakeSeconds');
    expect(notes.join()).toContain('deploy.bakeSeconds has no effect on a service that nobody sends requests to');
  });

  it('wants shares that rise', () => {
    const steps = [
      { percent: 50, pause: 1 },
      { percent: 10, pause: 1 },
    ];
    const { problems } = compile('pointsman', web, { strategy: 'canary', canary: { steps } });
    expect(problems).toMatchObject([{ path: 'deploy.canary', message: expect.stringContaining('50, 10 do not') }]);
  });

  it('says what a volume means to users: they wait, or they meet an error', () => {
    const notesOf = (platform: string, deploy: Partial<DeployValues>): string =>
      compile(platform, { ...web, replicas: 1, hasVolume: true }, deploy).notes.join();
    expect(notesOf('pointsman', {})).toContain('requests wait meanwhile, at most 15 s');
    expect(notesOf('pointsman', { hold: { seconds: 60, maxRequests: 1 } })).toContain('at most 60 s');
    expect(notesOf('pointsman', { hold: { seconds: 0, maxRequests: 0 } })).toContain('a short outage');
    expect(notesOf('railway', { hold: { seconds: 60, maxRequests: 1 } })).toContain('a short outage');
  });

  it('says that a concurrent replacement is meant for workers', () => {
    expect(compile('pointsman', web, { strategy: 'concurrent' }).notes.join()).toContain('meant for workers');
    expect(compile('pointsman', worker, { strategy: 'concurrent' }).notes).toEqual([]);
  });

  it.each([{ hasVolume: true }, { hostPorts: [dns] }])(
    'a volume or a host port forces even a concurrent replacement to stop first: %o',
    (held) => {
      const { policy } = compile('pointsman', { ...worker, replicas: 1, ...held }, { strategy: 'concurrent' });
      expect(policy.order).toBe('stop-first');
    },
  );

  it('says what a host port means: nobody answers there, and requests through the proxy wait', () => {
    const notesOf = (facts: Partial<ServiceFacts>, deploy: Partial<DeployValues> = {}): readonly string[] =>
      compile('pointsman', { ...worker, replicas: 1, hostPorts: [dns], ...facts }, deploy).notes;
    const stops = 'the old replica is stopped before the new one starts, so nobody answers there until then';
    expect(notesOf({})).toEqual([`It holds port 5353/udp of this machine itself: ${stops}.`]);
    expect(notesOf({ hasPort: true })).toEqual([
      `It holds port 5353/udp of this machine itself: ${stops}, and requests wait meanwhile, at most 15 s.`,
    ]);
    const both = [dns, { ...dns, listen: { host: '0.0.0.0', port: 53 } }];
    expect(notesOf({ hasVolume: true, hostPorts: both }, { hold: { seconds: 0, maxRequests: 0 } })).toEqual([
      `It has a volume and holds port 5353/udp and 0.0.0.0:53/udp of this machine itself: ${stops}, and every deploy is a short outage.`,
    ]);
    expect(notesOf({}, { strategy: 'stop-start' })).toEqual([]);
  });
});
