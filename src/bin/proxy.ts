#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { PointsmanError } from '../model/index.ts';
import { parseCommandLine, runProxy } from '../proxy/index.ts';

try {
  await runProxy(parseCommandLine(process.argv.slice(2)), fileURLToPath(import.meta.url));
} catch (error) {
  const fix = error instanceof PointsmanError && error.fix !== undefined ? `\n${error.fix}` : '';
  console.error(`${error instanceof Error ? error.message : String(error)}${fix}`);
  process.exit(error instanceof PointsmanError ? error.exitCode : 3);
}
