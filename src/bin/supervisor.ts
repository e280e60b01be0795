import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startApi } from '../api/index.ts';
import { domainOwnersOf, Environments, lockStateFolder, openStateFile, placeOf, StateStore } from '../control/index.ts';
import { errorReport, PointsmanError } from '../model/index.ts';
import { connectProxy, SharedProxy } from '../traffic/index.ts';
import { besides, openBeside, openPlace, secureDoor } from './environments.ts';
import type { Host } from './environments.ts';
import { readMachinery } from './machinery.ts';
import { programBeside } from './program-beside.ts';
import { startWith } from './proxy-at-start.ts';
import { openLog } from './supervisor-log.ts';
import { readOptions } from './supervisor-options.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

/** Lets go in the reverse order of making. */
const closers: (() => Promise<void> | void)[] = [];
const closeAll = async (): Promise<void> => {
  for (const close of closers.splice(0).toReversed()) await close();
};

const run = async (options: SupervisorOptions, ending: AbortSignal): Promise<void> => {
  const { stateFolder } = options;
  const lock = lockStateFolder(stateFolder);
  closers.push(() => lock.release());
  const log = openLog(stateFolder);
  const store = new StateStore(openStateFile(join(stateFolder, 'state.db')));
  closers.push(() => store.close());
  const place = await placeOf(store, options, ending);
  const securely = options.https === undefined ? undefined : await secureDoor(options.https);
  const proxyFolder = join(stateFolder, 'proxy');
  mkdirSync(proxyFolder, { recursive: true, mode: 0o700 });
  const link = await connectProxy({ stateFolder: proxyFolder, program: programBeside('proxy'), signal: ending });
  closers.push(() => link.close());
  const host: Host = { options, log, proxy: new SharedProxy(link, domainOwnersOf(store)), securely };
  const primary = await startWith(link, () => openPlace(host, { stateFolder, store, place, http: options.http }));
  const environments = new Environments({
    manifests: options.manifests,
    primary,
    store,
    proxy: host.proxy,
    open: (name, http) => openBeside(host, name, http, ending),
  });
  closers.push(() => environments.close());
  for (const name of besides(options, place)) await environments.open(name, ending);
  const socketPath = join(stateFolder, 'supervisor.sock');
  const api = await startApi({ control: environments, socketPath, signal: ending });
  closers.push(() => api.close());
  log.info(place, 'ready');
  say({ ready: true, pid: process.pid });
  const aborted = new Promise<void>((done) => ending.addEventListener('abort', () => done(), { once: true }));
  await Promise.race([environments.ended, aborted]);
};

/** The one line that whoever started us waits for. They may be gone by now. */
const say = (word: object): void => {
  process.stdout.write(`${JSON.stringify(word)}\n`);
};

// Only to be read, with all that it may load later: see `environmentFor`.
if (process.argv[2] === 'warm') {
  await readMachinery();
  process.exit(0);
}
process.stdout.on('error', () => undefined);
const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
try {
  await run(readOptions(process.argv.slice(2)), ending.signal);
} catch (error) {
  const report = errorReport(error);
  if (!ending.signal.aborted) say({ error: report });
  process.exitCode = error instanceof PointsmanError ? error.exitCode : 1;
}
await closeAll();
