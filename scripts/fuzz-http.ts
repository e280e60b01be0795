// `npm run fuzz:http`: our HTTP/1.1 parsers beside the one in Node on generated input. test/proxy/fuzz/README.md says how.
//   -- --inputs N      of each kind (default 1,000,000)   --seed S   (default 1)   --from I   number of the first (default 0)
//   -- --only requests|responses   --seeds FILE   JSON whose texts are mutated too   --json FILE   the result as JSON
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Finding, FuzzResult } from '../test/proxy/fuzz/run.ts';
import { fuzz } from '../test/proxy/fuzz/run.ts';
import { requestSeeds, responseSeeds, seedsFrom } from '../test/proxy/fuzz/seeds.ts';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
    seeds: { type: 'string' },
    json: { type: 'string' },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
// llhttp reports each refusal as an Error; nobody reads where it was made.
Error.stackTraceLimit = 0;

const more = values.seeds === undefined ? { requests: [], responses: [] } : seedsFrom(values.seeds);
const kinds = { requests: [...requestSeeds, ...more.requests], responses: [...responseSeeds, ...more.responses] };
const results: Record<string, FuzzResult & { readonly seconds: number }> = {};
for (const [name, seeds] of Object.entries(kinds)) {
  if (values.only !== undefined && values.only !== name) continue;
  const begun = performance.now();
  const kind = name === 'requests' ? 'request' : 'response';
  const result = fuzz({
    kind,
    inputs: Number(values.inputs),
    seed: Number(values.seed),
    from: Number(values.from),
    seeds,
    ...(process.stderr.isTTY ? { progress: (done) => void process.stderr.write(`\r${name}: ${done} `) } : {}),
  });
  const seconds = (performance.now() - begun) / 1_000;
  results[name] = { ...result, seconds };
  say(
    `${name}: ${result.inputs} inputs from seed ${values.seed} in ${seconds.toFixed(0)} s (${Math.round(result.inputs / seconds)} a second); ` +
      `${result.accepted} messages accepted, ${result.refused} inputs refused, ${result.incomparable} not comparable; ` +
      `${result.findings.length} kinds of disagreement`,
  );
  for (const finding of result.findings) report(finding);
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, undefined, 2));
process.exitCode = Object.values(results).some((result) => result.findings.length > 0) ? 1 : 0;

function report({ what, times, input, toHead, bytes, ours, theirs }: Finding): void {
  say(`\n${what}: ${times} times, first in input ${input}${toHead ? ' (the answer to a HEAD)' : ''}; shrunk:`);
  say(`  ${JSON.stringify(bytes)}`);
  say(`  ours:   ${JSON.stringify(ours)}`);
  say(`  llhttp: ${JSON.stringify(theirs)}`);
}
