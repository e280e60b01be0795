import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pino from 'pino';
import type { Logger } from 'pino';
import { startApi } from '../api/index.ts';
import {
  domainOwnersOf,
  Environments,
  isInUse,
  lockStateFolder,
  openStateFile,
  placeOf,
  StateStore,
  Supervisor,
} from '../control/index.ts';
import type { OpenEnvironment, Place } from '../control/index.ts';
import { systemClock } from '../lib/index.ts';
import { errorReport, PointsmanError } from '../model/index.ts';
import type { Address, EnvironmentName, ProxyReports } from '../model/index.ts';
import { connectProxy, SharedProxy } from '../traffic/index.ts';
import type { ProxyLink } from '../traffic/index.ts';
import { chooseMachinery, readMachinery } from './machinery.ts';

interface Options {
  readonly manifests: string;
  readonly stateFolder: string;
  readonly engine: 'auto' | 'docker' | 'process';
  readonly environment: string | undefined;
  readonly http: Address;
  readonly https: Address | undefined;
  readonly reports: ProxyReports;
  readonly catchUp: boolean;
}

const usage = (message: string): PointsmanError =>
  new PointsmanError('USAGE', {
    message,
    fix: 'supervisor --manifests PATH [--state-dir DIR] [--engine auto|docker|process] [--environment NAME] [--http ADDRESS:PORT] [--https ADDRESS:PORT] [--metrics ADDRESS:PORT] [--access-log FILE|-] [--no-catch-up]',
  });

const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      manifests: { type: 'string' },
      'state-dir': { type: 'string' },
      engine: { type: 'string', default: 'auto' },
      environment: { type: 'string' },
      http: { type: 'string', default: '127.0.0.1:8080' },
      https: { type: 'string' },
      metrics: { type: 'string' },
      'access-log': { type: 'string' },
      'no-catch-up': { type: 'boolean', default: false },
    },
  });
  const { engine } = values;
  if (values.manifests === undefined) throw usage('--manifests is missing');
  if (engine !== 'auto' && engine !== 'docker' && engine !== 'process') throw usage(`there is no engine ${engine}`);
  return {
    manifests: resolve(values.manifests),
    stateFolder: resolve(values['state-dir'] ?? '.pointsman'),
    engine,
    environment: values.environment,
    http: readAddress('--http', values.http),
    https: values.https === undefined ? undefined : readAddress('--https', values.https),
    reports: reportsOf(values.metrics, values['access-log']),
    catchUp: !values['no-catch-up'],
  };
};

const reportsOf = (metrics: string | undefined, accessLog: string | undefined): ProxyReports => ({
  ...(metrics !== undefined && { metrics: readAddress('--metrics', metrics) }),
  ...(accessLog !== undefined && { accessLog: accessLog === '-' ? accessLog : resolve(accessLog) }),
});

const readAddress = (option: string, text: string): Address => {
  const [, host, port] = /^(?:\[?([^\]]*?)\]?:)?(\d+)$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) throw usage(`${option} ${text} is not ADDRESS:PORT`);
  return { host: host ?? '127.0.0.1', port: Number(port) };
};

/** Lets go in the reverse order of making. */
const closers: (() => Promise<void> | void)[] = [];
const closeAll = async (): Promise<void> => {
  for (const close of closers.splice(0).toReversed()) await close();
};

const run = async (options: Options, ending: AbortSignal): Promise<void> => {
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

interface SecureDoor {
  readonly address: Address;
  readonly authority: string;
}

/** What all environments share. */
interface Host {
  readonly options: Options;
  readonly log: Logger;
  readonly proxy: SharedProxy;
  readonly securely: SecureDoor | undefined;
}

interface OpenedPlace {
  readonly stateFolder: string;
  readonly store: StateStore;
  readonly place: Place;
  readonly http: Address;
}

const openPlace = async (host: Host, { stateFolder, store, place, http }: OpenedPlace): Promise<OpenEnvironment> => {
  const { options, log, proxy, securely } = host;
  const { engine, builder, reason } = await chooseMachinery({ engine: options.engine, stateFolder, place });
  const supervisor = new Supervisor({
    ...place,
    manifests: options.manifests,
    http,
    https: securely,
    reports: options.reports,
    store,
    engine,
    engineReason: reason,
    builder,
    proxy: proxy.linkFor(place.environment),
    hostsOf: (pool) => proxy.hostsOf(pool),
    clock: systemClock,
    log: log.child({ environment: place.environment, engine: engine.capabilities.engine }),
  });
  const close = async (): Promise<void> => {
    await supervisor.close();
    await Promise.all([engine.close(), builder.close()]);
  };
  try {
    await supervisor.start({ catchUp: options.catchUp });
  } catch (error) {
    await close();
    throw error;
  }
  return { name: place.environment, supervisor, close };
};

/** One more environment has a folder of its own in the first one's, and listens where that does. */
const openBeside = async (
  host: Host,
  name: EnvironmentName,
  http: Address | undefined,
  signal: AbortSignal,
): Promise<OpenEnvironment> => {
  const { options } = host;
  const stateFolder = folderBeside(options, name);
  const store = new StateStore(openStateFile(join(stateFolder, 'state.db')));
  try {
    const place = await placeOf(store, { manifests: options.manifests, environment: name }, signal);
    const opened = await openPlace(host, { stateFolder, store, place, http: http ?? options.http });
    return { ...opened, close: () => opened.close().then(() => store.close()) };
  } catch (error) {
    store.close();
    throw error;
  }
};

const folderBeside = ({ stateFolder }: Options, name: string): string => join(stateFolder, 'environments', name);

/** Those that were up when the supervisor before this one ended, and the one that was asked for. */
const besides = (options: Options, { environment }: Place): readonly string[] => {
  const folder = join(options.stateFolder, 'environments');
  const known = existsSync(folder) ? readdirSync(folder) : [];
  const up = known.filter((name) => {
    const store = new StateStore(openStateFile(join(folderBeside(options, name), 'state.db')));
    const inUse = isInUse(store);
    store.close();
    return inUse;
  });
  const asked = options.environment === undefined ? [] : [options.environment];
  return [...new Set([...up, ...asked])].filter((name) => name !== environment);
};

/** Loaded only where there is https. */
const secureDoor = async (address: Address): Promise<SecureDoor> => {
  const { authorityFolder } = await import('../certificates/index.ts');
  return { address, authority: authorityFolder(process.env) };
};

const proxyEndsWithinMs = 5000;

/** A proxy that leads to nobody, be it that its last table is of an earlier life, would be ended by nobody. */
const startWith = async <Started>(proxy: ProxyLink, start: () => Promise<Started>): Promise<Started> => {
  try {
    return await start();
  } catch (error) {
    if (!leadsSomewhere(proxy)) await endProxy(proxy);
    throw error;
  }
};

const leadsSomewhere = ({ hello }: ProxyLink): boolean =>
  hello.table?.pools.some(({ upstreams }) => upstreams.length > 0) ?? false;

/** One that doesn't answer in time must not hide why the start failed. */
const endProxy = async (proxy: ProxyLink): Promise<void> => {
  try {
    await proxy.shutdown(AbortSignal.timeout(proxyEndsWithinMs));
  } catch {
    killIfThere(proxy.hello.pid);
  }
};

const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // it has ended meanwhile
  }
};

const largestLogBytes = 8 * 1024 * 1024;

/** One older file is kept; a supervisor that never ends writes a few lines per deploy. */
const openLog = (stateFolder: string): Logger => {
  const path = join(stateFolder, 'supervisor.log');
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes) renameSync(path, `${path}.1`);
  const destination = pino.destination({ dest: path, append: true, sync: true });
  // A full disk must not end what serves; that the state can't be written is told by the store.
  destination.on('error', () => undefined);
  return pino({ base: { pid: process.pid } }, destination);
};

/** The program beside this one, as source or compiled. */
const programBeside = (name: string): string =>
  fileURLToPath(new URL(`${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url));

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
