// `npm run bench:deploy`: one app with a boot time of a second, deployed in every way this machine has, under the same load.
//   -- --soak N     also N consecutive deploys per strategy and engine (default 20), with the supervisor's memory and idle CPU
//   -- --json FILE  the figures as JSON
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { bootMs, buildImage, rate } from './deploy/app.ts';
import { composeWay } from './deploy/compose.ts';
import type { Measurement } from './deploy/measure.ts';
import { measure } from './deploy/measure.ts';
import { pointsmanWay } from './deploy/pointsman.ts';
import { measureRaw } from './deploy/raw.ts';
import { soak } from './deploy/soak.ts';
import { swarmWay } from './deploy/swarm.ts';
import { ensureDocker, findBaseImages } from '../scripts/ensure-docker.ts';

const { values } = parseArgs({ options: { soak: { type: 'string' }, json: { type: 'string' } } });
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const docker = await ensureDocker();
if (!docker.answers) throw new Error(`this bench needs Docker: ${docker.reason}`);
const bases = await findBaseImages();
if (bases.kind === 'missing') throw new Error(`this bench needs base images: ${bases.reason}`);
const nodeImage = bases.flags.find((flag) => flag.startsWith('NODE_IMAGE='))?.slice('NODE_IMAGE='.length);
const base = nodeImage ?? 'node:24-slim';
await buildImage(base);

say(
  `One app that listens ${bootMs} ms after its start, ${rate} requests a second, 2 replicas where there can be two.\n`,
);
const floorMs = await measureRaw();
say(row(['', 'deploy', 'to switch', '× floor', 'sent', 'failed', 'longest outage']));
say(row(['docker run until it listens', '', `${floorMs} ms`, '1.00', '', '', '']));
const measurements: Measurement[] = [];
for (const way of [pointsmanWay('blue-green', base), pointsmanWay('rolling', base), composeWay(), swarmWay()]) {
  const measurement = await measure(way);
  measurements.push(measurement);
  say(rowOf(measurement, floorMs));
}

const soaks = values.soak === undefined ? [] : await soak(Number(values.soak), base, say);
if (values.json !== undefined)
  await writeFile(values.json, JSON.stringify({ floorMs, measurements, soaks }, undefined, 2));

function rowOf(measurement: Measurement, floor: number): string {
  if ('absent' in measurement) return row([measurement.way, `absent: ${measurement.absent}`]);
  const { load } = measurement;
  const causes = Object.entries(load?.failures ?? {}).map(([cause, count]) => `${count} × ${cause}`);
  return row([
    measurement.way,
    `${measurement.deployMs} ms`,
    `${measurement.switchMs} ms`,
    (measurement.switchMs / floor).toFixed(2),
    String(load?.sent ?? ''),
    String(load?.failed ?? ''),
    `${load?.longestOutageMs ?? ''} ms`,
    causes.join(', '),
  ]);
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) =>
      index === 0 ? cell.padEnd(28) : cell.padStart(index === cells.length - 1 && index > 6 ? 0 : 11),
    )
    .join('  ');
}
