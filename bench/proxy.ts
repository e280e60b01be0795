// `npm run bench:proxy`: this proxy beside others, one worker each, the same nginx behind them, taking turns.
//   -- --rounds N   turns of each (default 4; the larger bodies one less, small responses three times as many of half the length)   --seconds N   length of a turn (default 2)   --streams N   (default 5000)
//   -- --only throughput,latency,idle,scaling   parts of it   --json FILE   everything as JSON
// Takes five minutes. "per CPU-s": requests per second of processor time that the kernel accounts to all of a
// proxy's processes, master included. "bare Node" forwards without looking at anything: the floor of all that runs on Node's sockets.
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openBench } from './proxy/bench-folder.ts';
import { bareNode, contenders } from './proxy/contenders.ts';
import type { Running } from './proxy/contenders.ts';
import { atLeast, atMost, targetTable } from './proxy/figures.ts';
import type { Target } from './proxy/figures.ts';
import { idleStreams, idleTable } from './proxy/idle.ts';
import { latencies, latencyTable } from './proxy/latency.ts';
import { largeBodies, posts, run, smallResponses } from './proxy/load.ts';
import { scaling, scalingTable } from './proxy/scaling.ts';
import { throughput, throughputTable } from './proxy/throughput.ts';
import type { Row } from './proxy/throughput.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '2' },
    streams: { type: 'string', default: '5000' },
    only: { type: 'string', default: 'throughput,latency,idle,scaling' },
    json: { type: 'string' },
  },
});
const turns = { rounds: Number(values.rounds), seconds: Number(values.seconds) };
const parts = new Set(values.only.split(','));
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const begun = performance.now();
const targets: Target[] = [];
const results: Record<string, unknown> = {};

const bench = await openBench(1);
const running = new Map<string, Running>();
const present = new Set<string>();
try {
  await startAll();
  if (parts.has('throughput')) await compareThroughput();
  if (parts.has('latency')) await compareLatency();
  await stopAll();
  if (parts.has('idle')) await compareIdle();
} finally {
  await stopAll();
  await bench.close();
}
if (parts.has('scaling')) await compareScaling();
say(`\n${targetTable(targets)}`);
say(
  `\n${((performance.now() - begun) / 1_000).toFixed(0)} s, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}`,
);
if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ targets, ...results }, undefined, 2));

async function startAll(): Promise<void> {
  for (const [name, start] of Object.entries({ ...contenders, 'bare Node': bareNode })) {
    try {
      running.set(name, await start(await bench.folder(name), bench.originPort));
      present.add(name);
    } catch (error) {
      say(`absent: ${name} (${(error as Error).message})`);
    }
  }
}

async function stopAll(): Promise<void> {
  for (const [name, one] of running) {
    running.delete(name);
    await one.stop();
  }
}

async function compareThroughput(): Promise<void> {
  for (const load of [smallResponses, posts, largeBodies]) {
    // A machine has better and worse seconds: short turns side by side tell apart what lies close together.
    const { rounds, seconds } =
      load === smallResponses
        ? { rounds: turns.rounds * 3, seconds: Math.max(1, Math.round(turns.seconds / 2)) }
        : { rounds: Math.max(1, turns.rounds - 1), seconds: turns.seconds };
    const rows = await throughput(bench, running, load, { rounds, seconds });
    results[load.name] = rows;
    say(throughputTable(load, rows));
    targets.push(...throughputTargets(load.name, rows));
  }
}

function throughputTargets(name: string, rows: readonly Row[]): readonly Target[] {
  const to = rows.find((row) => row.name === 'Pointsman')?.to ?? {};
  const goals: Record<string, number> =
    name === smallResponses.name ? { nginx: 0.95, HAProxy: 1, Caddy: 4, 'http-proxy': 7 } : { nginx: 0.9 };
  return Object.entries(goals).map(([other, goal]) => atLeast(`${name}: per CPU-second × ${other}`, goal, to[other]));
}

async function compareLatency(): Promise<void> {
  const ours = running.get('Pointsman');
  if (ours === undefined) return;
  const folder = await bench.folder('wrk');
  const top = await run(ours, { load: smallResponses, seconds: turns.seconds, folder });
  const rate = Math.round(top.perSecond / 2);
  const rows = await latencies(running, rate, { rounds: Math.min(turns.rounds, 2), seconds: turns.seconds });
  results['latency'] = { rate, rows };
  say(latencyTable(rate, rows));
  const p99 = (name: string): number | undefined => rows.find((row) => row.name === name)?.p99Ms;
  const base = p99('HAProxy');
  const own = p99('Pointsman');
  const times = base === undefined || own === undefined ? undefined : own / base;
  targets.push(atMost('half of our top rate: p99 × HAProxy', 1.2, times));
}

async function compareIdle(): Promise<void> {
  const names = Object.keys(contenders).filter((name) => present.has(name));
  const rows = await idleStreams(bench, names, Number(values.streams));
  results['idle'] = rows;
  say(idleTable(Number(values.streams), rows));
  const ours = rows.find((row) => row.name === 'Pointsman')?.perStreamKb;
  targets.push(atMost('idle event stream: KB', 12, ours?.sse), atMost('idle WebSocket: KB', 12, ours?.websocket));
}

async function compareScaling(): Promise<void> {
  const rows = await scaling(present, turns.seconds, turns.rounds + 2);
  results['scaling'] = rows;
  say(scalingTable(rows));
  const ours = rows.find((row) => row.name === 'Pointsman')?.capacity;
  targets.push(atLeast('two workers × one: requests that their CPU time is good for', 1.7, ours));
}
