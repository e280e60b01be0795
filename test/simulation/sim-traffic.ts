import type { RouteTable, RequestRecord, RevisionNumber } from '../../src/model/index.ts';
import { serviceName } from '../../src/model/index.ts';
import type { World } from './world.ts';

type Pool = RouteTable['pools'][number];

const everyMs = 1000;

/** Users: so many requests a second for as long as there is a story, divided as the proxy's table says, told as its ledger does. */
export const sendRequests = (world: World): void => {
  if (world.scenario.services.every(({ requests }) => requests === 0)) return;
  const owed = new Map<string, number>();
  const second = (): void => {
    const records = world.proxy.isUp
      ? (world.proxy.table?.pools ?? []).flatMap((pool) => ofPool(world, owed, pool))
      : [];
    if (records.length > 0) world.proxy.listeners.ledger(records);
    world.time.after(everyMs, second);
  };
  world.time.after(everyMs, second);
};

/** Revision → percent. */
const sharesOf = ({ upstreams, split }: Pool): ReadonlyMap<RevisionNumber, number> => {
  if (split !== undefined) return new Map(split.shares.map(({ revision, percent }) => [revision, percent]));
  const shares = new Map<RevisionNumber, number>();
  for (const { revision } of upstreams) shares.set(revision, (shares.get(revision) ?? 0) + 100 / upstreams.length);
  return shares;
};

const ofPool = (world: World, owed: Map<string, number>, pool: Pool): readonly RequestRecord[] => {
  const service = serviceName(pool.id.slice(pool.id.lastIndexOf('/') + 1));
  const rate = world.manifest.services.get(service)?.requests ?? 0;
  if (rate === 0) return [];
  return [...sharesOf(pool)].flatMap(([revision, percent]) => {
    const upstream = pool.upstreams.find((each) => each.revision === revision);
    const container = upstream === undefined ? undefined : world.containers.all.get(upstream.id);
    const isThere = container !== undefined && world.containers.isReady(container.id);
    const { errors, answerMs } = container?.behaviour ?? { errors: 1, answerMs: 0 };
    const count = whole(owed, `${pool.id} ${revision}`, (rate * percent) / 100);
    const failed = isThere ? whole(owed, `${pool.id} ${revision} failed`, count * errors) : count;
    world.rules.afterRequests({ service, revision, count, failed, answerMs });
    const durationMs = isThere ? answerMs : 1;
    return Array.from({ length: count }, (_, index): RequestRecord => ({
      at: world.timeOfDay - durationMs,
      requestId: 'r',
      pool: pool.id,
      generation: world.proxy.table?.generation ?? 0,
      revision,
      replica: upstream?.id,
      method: 'GET',
      path: '/',
      status: index < failed ? 500 : 200,
      bytesIn: 0,
      bytesOut: 0,
      durationMs,
      outcome: index >= failed ? 'ok' : isThere ? 'app-error' : 'refused',
    }));
  });
};

/** What is left over of a share counts the next time. */
const whole = (owed: Map<string, number>, key: string, amount: number): number => {
  const sum = (owed.get(key) ?? 0) + amount;
  owed.set(key, sum - Math.floor(sum + 1e-9));
  return Math.floor(sum + 1e-9);
};
