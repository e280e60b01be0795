import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { dirname, join, resolve as absolute } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { proxyFolder } from '../protocol/index.ts';
import type { ProxyLinkOptions } from './port.ts';
import { unreachable } from './proxy-calls.ts';

/** A proxy is up within a second; the rest is for a machine under load. */
const startMs = 20_000;
const betweenTriesMs = 20;

/** A connection to the proxy of this state folder, which is started when none answers. */
export const reachProxy = async (options: ProxyLinkOptions, signal: AbortSignal): Promise<Socket> =>
  (await dial(options.stateFolder)) ?? (await startProxy(options, signal));

/** undefined when nobody listens there, be it that the socket is missing or that a dead proxy left it behind. */
const dial = (stateFolder: string): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = connect(proxyFolder(stateFolder).socket);
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => resolve(undefined));
  });

const startProxy = async (options: ProxyLinkOptions, signal: AbortSignal): Promise<Socket> => {
  const child = await spawnProxy(options);
  try {
    return await untilAnswered(options, child, signal);
  } catch (error) {
    child.kill(); // nobody would know of it
    throw error;
  }
};

/** There is no event for a socket that begins to answer, so it is tried until it does or the process has ended. */
const untilAnswered = async (options: ProxyLinkOptions, child: StartedProxy, signal: AbortSignal): Promise<Socket> => {
  const deadline = AbortSignal.timeout(startMs);
  for (;;) {
    const socket = await dial(options.stateFolder);
    if (socket !== undefined) return socket;
    signal.throwIfAborted();
    if (child.ended !== undefined) throw unreachable(`it ended (${child.ended}): ${await lastLog(options)}`);
    if (deadline.aborted) throw unreachable(`it did not answer within ${startMs / 1_000} s: ${await lastLog(options)}`);
    await delay(betweenTriesMs);
  }
};

interface StartedProxy {
  /** How it ended, once it did. */
  ended: string | undefined;
  kill(): void;
}

/** The master is small and mostly waits: no threads that help V8, and little room for what dies young. */
const masterFlags = ['--max-semi-space-size=1', '--v8-pool-size=0'];

/** Detached: it outlives us, our terminal and our process group. */
const spawnProxy = async (options: ProxyLinkOptions): Promise<StartedProxy> => {
  const stateFolder = absolute(options.stateFolder);
  await mkdir(stateFolder, { recursive: true });
  const cache = process.env['NODE_COMPILE_CACHE'] ?? join(stateFolder, 'compile-cache');
  const environment = { ...process.env, NODE_COMPILE_CACHE: cache };
  await warmCache(options.program, environment);
  const log = await open(proxyFolder(stateFolder).log, 'a', 0o600);
  try {
    const args = [...masterFlags, options.program, '--state', stateFolder, '--workers', String(options.workers ?? 1)];
    const child = spawn(process.execPath, args, {
      detached: true,
      cwd: stateFolder,
      stdio: ['ignore', log.fd, log.fd],
      env: environment,
    });
    const started: StartedProxy = { ended: undefined, kill: () => child.kill() };
    child.once('error', (error) => (started.ended = error.message));
    child.once('exit', (code, killedBy) => (started.ended = killedBy ?? `exit code ${code}`));
    child.unref();
    return started;
  } finally {
    await log.close();
  }
};

/**
 * From source, Node loads a type stripper: 18 MB per process, for as long as it lives. A process that only reads the
 * program and ends leaves the stripped form behind for those that stay.
 */
const warmCache = async (
  program: string,
  environment: NodeJS.ProcessEnv & { NODE_COMPILE_CACHE: string },
): Promise<void> => {
  if (!program.endsWith('.ts')) return;
  // The folder alone says nothing: the supervisor keeps its own sources there too. A source that changed has to be read anew.
  const newest = await newestChange(join(dirname(program), '..'));
  const done = join(environment.NODE_COMPILE_CACHE, `proxy-read-${process.version}-${newest}`);
  if (existsSync(done)) return;
  const reader = spawn(process.execPath, [program, 'warm'], { stdio: 'ignore', env: environment });
  try {
    await once(reader, 'exit');
    await writeFile(done, '');
  } catch {
    // A cache that can't be filled costs memory only; what is wrong with the program shows when the proxy itself starts.
  }
};

const newestChange = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sources = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  const stats = await Promise.all(sources.map((entry) => stat(join(entry.parentPath, entry.name))));
  return Math.max(0, ...stats.map(({ mtimeMs }) => Math.floor(mtimeMs)));
};

const lastLog = async (options: ProxyLinkOptions): Promise<string> => {
  const text = await readFile(proxyFolder(options.stateFolder).log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-5).join(' | ') || 'its log is empty';
};
