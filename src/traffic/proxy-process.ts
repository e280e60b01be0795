import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join, resolve as absolute } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { environmentFor } from '../lib/index.ts';
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
  const child = await spawnProxy(options, signal).catch((error: Error) => {
    signal.throwIfAborted();
    throw unreachable(`it can't be started: ${error.message}`);
  });
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

/**
 * The master is small and mostly waits: no threads that help V8, little room for what dies young. Without the middle one
 * of V8's compilers, as its workers are: Node tells caches apart by that.
 */
const masterFlags = ['--max-semi-space-size=1', '--v8-pool-size=0', '--no-maglev'];

/** glibc's, for master and workers: one place to take memory from, and what is free at its end goes back. Elsewhere they mean nothing. */
const smallVariables = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' };

/** Detached: it outlives us, our terminal and our process group. */
const spawnProxy = async (options: ProxyLinkOptions, signal: AbortSignal): Promise<StartedProxy> => {
  const stateFolder = absolute(options.stateFolder);
  await mkdir(stateFolder, { recursive: true });
  const env = await environmentFor({
    program: options.program,
    flags: masterFlags,
    cacheFolder: join(stateFolder, 'compile-cache'),
    variables: { ...smallVariables, ...process.env },
    signal,
  });
  const log = await open(proxyFolder(stateFolder).log, 'a', 0o600);
  try {
    const args = [...masterFlags, options.program, '--state', stateFolder, '--workers', String(options.workers ?? 1)];
    const child = spawn(process.execPath, args, {
      detached: true,
      cwd: stateFolder,
      stdio: ['ignore', log.fd, log.fd],
      env,
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

const lastLog = async (options: ProxyLinkOptions): Promise<string> => {
  const text = await readFile(proxyFolder(options.stateFolder).log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-5).join(' | ') || 'its log is empty';
};
