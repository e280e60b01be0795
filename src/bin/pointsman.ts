#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Interruption, runCli } from '../cli/index.ts';
import type { Interrupts } from '../cli/index.ts';
import { systemClock } from '../lib/index.ts';
import { programBeside } from './program-beside.ts';

/** One Ctrl-C may come more than once: from the terminal, and handed on by npm or a shell. */
const sameInterruptMs = 300;

const listenForInterrupts = (): Interrupts => {
  const first = new AbortController();
  const second = new AbortController();
  let firstAt = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!first.signal.aborted) {
        firstAt = systemClock.now();
        first.abort(new Interruption(name));
      } else if (systemClock.now() - firstAt > sameInterruptMs) {
        second.abort(new Interruption(name));
      }
    });
  }
  return { first: first.signal, second: second.signal };
};

const readVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

/** A container or a CI job often has no USER; an account without a name has none anywhere. */
const userName = (): string | undefined => {
  if (process.env['USER'] !== undefined && process.env['USER'] !== '') return process.env['USER'];
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
};

// `pointsman logs | head`: whoever read us has enough.
process.stdout.on('error', () => process.exit(0));

const exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  variables: process.env,
  cwd: process.cwd(),
  user: userName(),
  clock: systemClock,
  version: readVersion(),
  programs: { node: process.execPath, supervisor: programBeside('supervisor'), proxy: programBeside('proxy') },
  interrupts: listenForInterrupts(),
});
// A pipe takes so much at a time: what it has not taken yet would be lost with the process.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((taken) => stream.write('', taken))));
// Whatever is still open belongs to a command that has ended.
process.exit(exitCode);
