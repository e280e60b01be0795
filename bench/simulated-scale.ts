import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { change, crowd, pass, passUntil } from '../test/simulation/crowd.ts';

/** CPU that the real control code uses for many services, on simulated machinery in virtual time. */
const cpuMs = async (work: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const heapMb = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1e6;
};

const minute = 60_000;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const many = await (async () => {
  const before = process.cpuUsage();
  const world = await crowd(1000, 3);
  const { user } = process.cpuUsage(before);
  console.log(`1,000 services with 3,000 replicas brought up: ${Math.round(user / 1000)} ms of CPU`);
  return world;
})();
const resyncs: number[] = [];
for (let turn = 0; turn < 15; turn += 1) resyncs.push(await cpuMs(() => pass(many, minute)));
console.log(
  `a look at all 1,000 without a change: ${Math.round(median(resyncs))} ms of CPU (median of 15; first ${Math.round(resyncs[0] ?? 0)})`,
);
// The last of the looks may still be on its way.
await pass(many, 5000);
many.looks.clear();
const one = await cpuMs(async () => {
  change(many, 'web500');
  await passUntil(many, () => many.rules.whatIsNotRight() === undefined);
});
console.log(`one of them replaced: ${Math.round(one)} ms of CPU, looked at: ${[...many.looks.keys()].join(', ')}`);

const month = await crowd(4, 3);
const heaps: number[] = [];
for (let day = 1; day <= 30; day += 1) {
  change(month, `web${day % 4}`);
  await pass(month, 24 * 60 * minute);
  if (day % 5 === 0) heaps.push(heapMb());
}
console.log(
  `heap over a month of 4 services with 12 replicas, a deploy a day: ${heaps.map((heap) => heap.toFixed(1)).join(', ')} MB (every 5th day)`,
);
