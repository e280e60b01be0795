import { describe, expect, it } from 'vitest';
import type { Rollout, ServiceName } from '../../src/model/index.ts';
import { serviceName } from '../../src/model/index.ts';
import {
  dependencyState,
  deployOrder,
  describeOperation,
  describePlan,
  describePolicy,
  forecast,
} from '../../src/plan/index.ts';
import { bluegreen, canary, rolling, stopStart } from './policies.ts';
import { World } from './world.ts';

const names = (...texts: string[]): ServiceName[] => texts.map(serviceName);

const graph = (edges: Record<string, string[]>): Map<ServiceName, ServiceName[]> =>
  new Map(Object.entries(edges).map(([name, needs]) => [serviceName(name), names(...needs)]));

describe('deploy order', () => {
  it('puts PlanExe’s services in the order its authors deploy them by hand', () => {
    const planexe = graph({
      'mcp-cloud': ['database-postgres', 'worker-plan', 'worker-plan-database'],
      'frontend-multi-user': ['database-postgres', 'worker-plan-database'],
      'worker-plan-database': ['database-postgres', 'worker-plan'],
      'worker-plan': ['database-postgres'],
      'database-postgres': [],
    });
    expect(deployOrder(planexe)).toEqual([
      ['database-postgres'],
      ['worker-plan'],
      ['worker-plan-database'],
      ['frontend-multi-user', 'mcp-cloud'],
    ]);
  });
});

describe('dependencies of a rollout', () => {
  const rollout = (phase: Rollout['phase'], deployId = 'd1'): Rollout => {
    const world = new World(1);
    world.deploy(bluegreen);
    if (world.rollout === undefined) throw new Error('deploy makes a rollout');
    return { ...world.rollout, phase, deployId };
  };
  const state = (dependency: { available: boolean; rollout: Rollout | undefined }) =>
    dependencyState(rollout('waiting'), names('db'), () => dependency);

  it('are waited for until they serve', () => {
    expect(state({ available: false, rollout: undefined }).waitingFor).toEqual(['db']);
    expect(state({ available: true, rollout: undefined }).waitingFor).toEqual([]);
  });

  it('are waited for until their new version has taken over, when deployed together', () => {
    expect(state({ available: true, rollout: rollout('replacing') }).waitingFor).toEqual(['db']);
    expect(state({ available: true, rollout: rollout('retiring') }).waitingFor).toEqual([]);
    expect(state({ available: true, rollout: rollout('replacing', 'another deploy') }).waitingFor).toEqual([]);
  });

  it('stop the wave when they failed in the same deploy', () => {
    expect(state({ available: true, rollout: rollout('failed') }).failed).toBe('db');
    expect(state({ available: true, rollout: rollout('failed', 'an earlier deploy') }).failed).toBeUndefined();
  });
});

describe('a forecast', () => {
  const planOf = (policy: typeof bluegreen, replicas: number): string[] => {
    const world = new World(replicas);
    world.deploy(policy);
    world.run();
    world.deploy(policy);
    return forecast(world.situation()).map(describeOperation);
  };

  it('of blue-green says every step with its cause', () => {
    expect(planOf(bluegreen, 1)).toMatchInlineSnapshot(`
      [
        "build revision 2: revision 2 has no image yet",
        "start shop-test-web-r2-0-1: revision 2: test",
        "route to shop-test-web-r2-0-1: 1 ready to serve, 1 to leave",
        "drain shop-test-web-r1-0-1: left the routes with 3 in flight",
        "send SIGTERM to shop-test-web-r1-0-1: drained",
        "remove shop-test-web-r1-0-1: has ended",
      ]
    `);
  });

  it('of rolling replaces one after the other', () => {
    expect(planOf(rolling, 2).filter((line) => line.startsWith('start') || line.startsWith('route')))
      .toMatchInlineSnapshot(`
      [
        "start shop-test-web-r2-0-1: revision 2: test",
        "route to shop-test-web-r1-1-1, shop-test-web-r2-0-1: 1 ready to serve, 1 to leave",
        "start shop-test-web-r2-1-1: revision 2: test",
        "route to shop-test-web-r2-0-1, shop-test-web-r2-1-1: 1 ready to serve, 1 to leave",
      ]
    `);
  });

  it('of a canary goes through its steps, as if whoever is asked promoted it', () => {
    expect(
      planOf({ ...canary, bakeSeconds: 60 }, 2).filter((line) => line.startsWith('start') || line.startsWith('route')),
    ).toMatchInlineSnapshot(`
      [
        "start shop-test-web-r2-0-1: revision 2: test",
        "route to shop-test-web-r1-0-1, shop-test-web-r1-1-1, shop-test-web-r2-0-1: 1 ready to serve, 10 % of the requests to revision 2",
        "route to shop-test-web-r1-0-1, shop-test-web-r1-1-1, shop-test-web-r2-0-1: 50 % of the requests to revision 2",
        "start shop-test-web-r2-1-1: revision 2: test",
        "route to shop-test-web-r2-0-1, shop-test-web-r2-1-1: 1 ready to serve, 2 to leave",
      ]
    `);
  });

  it('of stop-start empties the routes first', () => {
    expect(planOf(stopStart, 1).find((line) => line.startsWith('route'))).toBe('route to nothing: 1 to leave');
  });
});

describe('a plan in words', () => {
  it('names waves, reasons and rules', () => {
    const service = (name: string, change: 'replace' | 'none') => ({
      service: serviceName(name),
      change,
      why: 'mcp_cloud/http_server.py changed',
      replicas: 2,
      policy: bluegreen,
      notes: [],
      differences: ['variables.RELEASE: 1 → 2'],
      expected: { runs: 3, gapMs: 0, replacingMs: 2100, totalMs: 9300 },
      operations: [],
    });
    expect(describePlan([[service('api', 'replace')], [service('db', 'none')]])).toMatchInlineSnapshot(`
      "api: replace (mcp_cloud/http_server.py changed)
        how: blue-green of 2, new beside old (100 % more at a time), ready by GET /health = 200 within 60 s, one switch for all, drains up to 30 s, SIGTERM 10 s → SIGKILL
        differs: variables.RELEASE: 1 → 2
        expected: no gap, 2.1 s of replacing, 9.3 s in all, as the last 3 deploys took
      unchanged: db"
    `);
    expect(describePlan([[service('db', 'none')]])).toBe('nothing to do\nunchanged: db');
    expect(describePolicy(stopStart, 2)).toMatchInlineSnapshot(
      `"stop-start of 2, old stops first (100 % at a time), ready by GET /health = 200 within 60 s, one switch for all, drains up to 30 s, SIGTERM 10 s → SIGKILL"`,
    );
  });
});
