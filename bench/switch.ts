// `npm run bench:switch`: 1,000 switches in a row under load, beside other proxies' ways to switch; and what a table of
// 10,000 routes costs.
//   -- --quick   100 switches, shorter turns   --switches N   --only switches,routes   --json FILE
// Takes less than five minutes. Failed: no answer, or another status than 200. Late: reached a version after the last word
// (acknowledgement, exit of the command, answer of the API) that it is out; the versions themselves count.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openBench } from './proxy/bench-folder.ts';
import { atLeast, atMost, targetTable } from './proxy/figures.ts';
import type { Target } from './proxy/figures.ts';
import { switchables } from './switch/contenders.ts';
import { routeCosts, routesTable } from './switch/routes.ts';
import { switchRow, switchTable } from './switch/switches.ts';
import type { SwitchLoad, SwitchRow } from './switch/switches.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    switches: { type: 'string' },
    only: { type: 'string', default: 'switches,routes' },
    json: { type: 'string' },
  },
});
const parts = new Set(values.only.split(','));
const load: SwitchLoad = {
  switches: Number(values.switches ?? (values.quick ? 100 : 1_000)),
  connections: 64,
  requestsBetween: 205, // 1,000 times that is a bit more than 200,000
  seconds: values.quick ? 15 : 60,
};
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const begun = performance.now();
const targets: Target[] = [];
const results: Record<string, unknown> = {};

const bench = await openBench(1);
try {
  if (parts.has('switches')) await compareSwitches();
  if (parts.has('routes')) await measureRoutes();
} finally {
  await bench.close();
}
say(`\n${targetTable(targets)}`);
say(`\n${((performance.now() - begun) / 1_000).toFixed(0)} s, Node ${process.version}`);
if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ targets, ...results }, undefined, 2));

async function compareSwitches(): Promise<void> {
  const rows: SwitchRow[] = [];
  for (const [name, { by, start }] of Object.entries(switchables)) {
    const folder = await bench.folder(name);
    try {
      rows.push(await switchRow({ name, by }, (ports) => start(folder, ports), load));
    } catch (error) {
      say(`absent: ${name} (${(error as Error).message})`);
    }
  }
  results['switches'] = rows;
  say(switchTable(load, rows));
  const ours = rows.find((row) => row.name === 'Pointsman');
  targets.push(
    atLeast('switches in a row', load.switches, ours?.switches),
    atLeast('requests answered meanwhile', load.switches * 200, ours?.ok),
    atMost('failed requests', 0, ours?.failed),
    atMost('requests at a version after the acknowledgement', 0, ours?.late),
  );
}

async function measureRoutes(): Promise<void> {
  const result = await routeCosts(bench, values.quick);
  results['routes'] = result;
  say(routesTable(result));
  const large = result.matching.filter(({ routes }) => routes === 10_000);
  targets.push(
    ...large.map(({ asked, toBase }) =>
      atLeast(
        `10,000 routes, ${asked.toLocaleString('en')} asked for: per CPU-second × the same requests to a small table`,
        0.95,
        toBase,
      ),
    ),
    atMost('10,000 routes: published until acknowledged, ms', 50, result.publishing.p50Ms),
    atMost('p99 while publishing 20 tables a second × without', 2, result.p99Ms.publishing / result.p99Ms.quiet),
  );
}
