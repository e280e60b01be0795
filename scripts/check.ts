// `npm run check`: the rules of the house. Runs every check, shows the output of those that fail, ends with 1 if any did.
import { checkNames, runCheck } from './checks.ts';

const results = await Promise.all(checkNames.map(runCheck));
for (const result of results) {
  process.stdout.write(`${result.ok ? 'ok    ' : 'FAILED'} ${result.name}\n`);
  if (!result.ok) process.stdout.write(`${result.output}\n`);
}
process.exitCode = results.every((result) => result.ok) ? 0 : 1;
