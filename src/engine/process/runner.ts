import { appendFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { inspect } from 'node:util';
import { scopeFolder } from './scope-folder.ts';
import { takeLock } from './runner/lock.ts';
import { Replicas } from './runner/replicas.ts';
import { RunnerServer } from './runner/server.ts';

/** How long a new runner waits for the engine that started it. */
const firstClientMs = 10_000;

/** Runs until nothing runs and nobody is connected. One word on stdout, `ready` or `taken`; what fails later goes to runner.log. */
const run = async (root: string): Promise<void> => {
  const folder = scopeFolder(root);
  await mkdir(folder.replicas, { recursive: true, mode: 0o700 });
  const lock = takeLock(folder.lock);
  if (lock === undefined) {
    process.stdout.write('taken\n');
    return;
  }
  const complain = complainTo(folder.runnerLog);
  const replicas = new Replicas(folder, { notify: (event) => server.notify(event), complain });
  await replicas.recover();
  const server = new RunnerServer(folder.socket, replicas, () => {
    clearTimeout(unclaimed);
    lock[Symbol.dispose]();
    flushCompileCache();
    // At once, so that its connections end with it and not while it is still tidying up.
    process.kill(process.pid, 'SIGKILL');
  });
  await server.listen();
  const unclaimed = setTimeout(() => server.endIfIdle(), firstClientMs);
  // Its replicas would lose their logs and exit codes with it: an error in one request is written down and survived.
  process.on('uncaughtException', complain);
  process.stdout.write('ready\n');
};

/** Its stderr ends with the engine that started it, so it writes to a file of its own. */
const complainTo = (path: string) => (error: unknown) => {
  try {
    appendFileSync(path, `${new Date().toISOString()} ${inspect(error)}\n`, { mode: 0o600 });
  } catch {
    // A full disk is often what there is to complain of; whoever runs here goes on running.
  }
};

// A terminal that closes or gets Ctrl-C means the supervisor, never what outlives it.
for (const name of ['SIGHUP', 'SIGINT'] as const) process.on(name, () => undefined);

const [, , root] = process.argv;
if (root === undefined) throw new Error('usage: runner SCOPE_FOLDER');
await run(root);
