import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import type { ProxyLink } from '../../src/traffic/index.ts';
import type { Bench } from '../proxy/bench-folder.ts';
import { median, percentile, spread, table } from '../proxy/figures.ts';
import { paced } from '../proxy/latency.ts';
import { endPointsman, ManyServices, routesTo, soon, startPointsman, tableTo, upstreamOn } from '../proxy/pointsman.ts';
import { cpuSeconds } from '../proxy/process.ts';

export interface Routes {
  readonly matching: readonly MatchingRow[];
  readonly publishing: PublishCosts;
  readonly rate: number;
  readonly p99Ms: { readonly quiet: number; readonly publishing: number };
  /** Tables a second that were acknowledged meanwhile. */
  readonly published: number;
}

export interface PublishCosts {
  /** Until the acknowledgement, what builds the table included. */
  readonly p50Ms: number;
  readonly maxMs: number;
  /** CPU time per table. */
  readonly publisherMs: number;
  readonly proxyMs: number;
}

/** A table, and a thousand requests that are spread evenly over the first so many routes of a large one. */
interface Case {
  /** 1: a wildcard, which takes them all. */
  readonly routes: number;
  readonly asked: number;
  /** What it is compared with: a case with the same requests, octet for octet, and a small table. */
  readonly base: number;
}

export interface MatchingRow extends Case {
  readonly perCpuSecond: number;
  /** The middle one of the rounds. */
  readonly toBase: number;
  /** How far the rounds lie apart in that. */
  readonly spread: number;
}

/** Each large table beside a small one that the very same requests go through: what it costs more is its size alone. */
const cases: readonly Case[] = [
  { routes: 10, asked: 10, base: 0 },
  { routes: 10_000, asked: 10, base: 0 },
  { routes: 1, asked: 10_000, base: 2 },
  { routes: 10_000, asked: 10_000, base: 2 },
];
const tablesPerSecond = 20;

/** What a large table costs: to match, to publish, and to publish again and again while it serves. */
export const routeCosts = async (bench: Bench, isQuick: boolean): Promise<Routes> => {
  const [seconds, rounds] = isQuick ? [1, 3] : [3, 3];
  const folder = await bench.folder('routes');
  const link = await startPointsman(folder);
  const publisher = new Publisher(link, bench.originPort);
  try {
    const port = await publisher.publish(10);
    const turns = isQuick ? { seconds: 1, rounds: 3 } : { seconds: 2, rounds: 9 };
    const matching = await matchingCosts(publisher, { port, folder, pid: link.hello.pid, ...turns });
    await publisher.publishDeploy(); // the first one is another table altogether
    const costs = await publishCosts(publisher, link.hello.pid, 100);
    const rate = Math.round(matching.perSecond / 2);
    const quiet: number[] = [];
    const publishing: number[] = [];
    let published = 0;
    for (let round = 0; round < rounds; round += 1) {
      quiet.push((await paced(port, rate, seconds, { detached: true })).p99Ms);
      const end = new AbortController();
      const steady = publisher.publishSteadily(end.signal);
      publishing.push((await paced(port, rate, seconds, { detached: true })).p99Ms);
      end.abort();
      published = await steady;
    }
    return {
      matching: matching.rows,
      publishing: costs,
      rate,
      p99Ms: { quiet: median(quiet), publishing: median(publishing) },
      published,
    };
  } finally {
    await endPointsman(link);
  }
};

class Publisher {
  readonly #link: ProxyLink;
  readonly #originPort: number;
  readonly #services: ManyServices;
  #generation = 0;

  constructor(link: ProxyLink, originPort: number) {
    this.#link = link;
    this.#originPort = originPort;
    this.#services = new ManyServices(originPort);
  }

  /** A table of this size, all of it to one pool, so that sizes differ in nothing else. */
  async publish(routes: number): Promise<number> {
    this.#generation += 1;
    const next = tableTo(
      this.#generation,
      [upstreamOn(this.#originPort)],
      routes === 1 ? [{ host: '*.localhost', pathPrefix: '/', pool: 'origin' }] : routesTo(routes, () => 'origin'),
    );
    const { listeners } = await this.#link.publish(next, soon());
    return listeners[0]?.port ?? 0;
  }

  /** One service of a thousand has been deployed. */
  async publishDeploy(): Promise<void> {
    this.#generation += 1;
    await this.#link.publish(this.#services.deploy(this.#generation), soon());
  }

  /** So many a second, or as many as are acknowledged; returns how many a second there were. */
  async publishSteadily(signal: AbortSignal): Promise<number> {
    const begun = performance.now();
    let count = 0;
    while (!signal.aborted) {
      await this.publishDeploy();
      count += 1;
      const due = begun + (count * 1_000) / tablesPerSecond;
      await delay(Math.max(0, due - performance.now()));
    }
    return count / ((performance.now() - begun) / 1_000);
  }
}

interface Matching {
  readonly port: number;
  readonly folder: string;
  readonly pid: number;
  readonly seconds: number;
  readonly rounds: number;
}

/**
 * All in turn, many short turns, there and back again: what disturbs the machine for longer than a turn, or warms up slowly,
 * disturbs all alike. Compared is within a round.
 */
const matchingCosts = async (publisher: Publisher, { port, folder, pid, seconds, rounds }: Matching) => {
  const turns: Turn[][] = cases.map(() => []);
  const script = join(folder, 'routes.lua');
  const turn = async (each: Case): Promise<Turn> => {
    await publisher.publish(each.routes);
    await writeFile(script, scriptFor(each));
    const load = (duration: number) =>
      execa('wrk', ['-t1', '-c64', `-d${duration}s`, '-s', script, `http://127.0.0.1:${port}/`]);
    await load(1); // what the table before has left is collected meanwhile, which is no matter of matching
    const before = await cpuSeconds(pid);
    const { stdout } = await load(seconds);
    const spent = (await cpuSeconds(pid)) - before;
    const [requests = 0, micros = 1] = (/^RESULT (.*)$/m.exec(stdout)?.[1] ?? '').split(' ').map(Number);
    return { perCpuSecond: requests / Math.max(spent, 0.01), perSecond: requests / (micros / 1e6) };
  };
  for (const each of cases) await turn(each); // warm
  for (let round = 0; round < rounds; round += 1) {
    const order = cases.map((each, at) => ({ each, own: turns[at] }));
    for (const { each, own } of round % 2 === 0 ? order : order.toReversed()) own?.push(await turn(each));
  }
  const rows = cases.map((each, at) => rowOf(each, turns[at] ?? [], turns[each.base] ?? []));
  return { rows, perSecond: median(turns.flat().map(({ perSecond }) => perSecond)) };
};

interface Turn {
  readonly perCpuSecond: number;
  readonly perSecond: number;
}

const rowOf = (each: Case, own: readonly Turn[], base: readonly Turn[]): MatchingRow => {
  const ratios = own.map(({ perCpuSecond }, round) => perCpuSecond / (base[round]?.perCpuSecond ?? perCpuSecond));
  return {
    ...each,
    perCpuSecond: median(own.map(({ perCpuSecond }) => perCpuSecond)),
    toBase: median(ratios),
    spread: spread(ratios),
  };
};

// The same text for every case but for the numbers, so that the client costs the same.
const scriptFor = ({ asked }: Case): string => `
local made = {}
for i = 0, 999 do
  local route = math.floor(i * ${asked} / 1000)
  local headers = { Host = string.format("service-%d.localhost", route % 1000) }
  made[i] = wrk.format("GET", string.format("/part-%d/x", math.floor(route / 1000)), headers)
end
local next = 0
request = function()
  next = (next + 7) % 1000
  return made[next]
end
done = function(summary)
  local e = summary.errors
  if e.status + e.connect + e.read + e.write + e.timeout > 0 then error("errors") end
  io.write(string.format("RESULT %d %d\\n", summary.requests, summary.duration))
end`;

const publishCosts = async (publisher: Publisher, proxy: number, count: number): Promise<PublishCosts> => {
  const times: number[] = [];
  const before = await cpuSeconds(proxy);
  const own = process.cpuUsage();
  for (let turn = 0; turn < count; turn += 1) {
    const begun = performance.now();
    await publisher.publishDeploy();
    times.push(performance.now() - begun);
  }
  const { user, system } = process.cpuUsage(own);
  const proxyMs = (((await cpuSeconds(proxy)) - before) * 1_000) / count;
  const sorted = times.toSorted((one, other) => one - other);
  const publisherMs = (user + system) / 1_000 / count;
  return { p50Ms: percentile(sorted, 0.5), maxMs: sorted.at(-1) ?? 0, publisherMs, proxyMs };
};

export const routesTable = ({ matching, publishing, rate, p99Ms, published }: Routes): string => {
  const rows = matching.map(({ routes, asked, perCpuSecond, toBase, spread: apart }) => [
    `${routes === 1 ? 'one wildcard' : `${routes.toLocaleString('en')} routes`}, ${asked.toLocaleString('en')} asked for`,
    perCpuSecond,
    toBase,
    `${Math.round(apart * 100)} %`,
  ]);
  const more = [
    ['publish 10,000 routes to 1,000 pools until acknowledged, p50 and max ms', publishing.p50Ms, publishing.maxMs],
    ['CPU time of one such table, ms: who builds and publishes it, proxy', publishing.publisherMs, publishing.proxyMs],
    [
      `p99 ms at ${rate.toLocaleString('en')} a second: no tables, ${published.toFixed(0)} tables a second`,
      p99Ms.quiet,
      p99Ms.publishing,
    ],
  ];
  return `\nA large table\n${table(['', 'per CPU-s', '× small table', 'spread'], rows)}\n\n${table(['', '', ''], more)}`;
};
