import type { Duplex, Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { Pack } from 'tar-stream';

/** The part of dockerode's connection that is used where its own calls don't fit: its `buildImage` always opens a session of its own, and keeps it after an abort. */
interface Modem {
  dial(options: DialOptions, answer: (error: Error | null, result: unknown) => void): void;
}
interface DialOptions {
  readonly method: 'POST';
  readonly path: string;
  readonly statusCodes: Readonly<Record<number, boolean | string>>;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly file?: Pack;
  readonly headers?: SessionHeaders;
  readonly isStream?: boolean;
  readonly hijack?: boolean;
  readonly abortSignal?: AbortSignal;
}

/** The engine's `POST /build`. Without a tar the engine asks for the context in the session that the query names. */
export const postBuild = (
  docker: Docker,
  query: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  tar?: Pack,
): Promise<Readable> =>
  dial<Readable>(docker, {
    method: 'POST',
    path: '/build?',
    options: { _query: query, _body: {} },
    ...(tar !== undefined && { file: tar }),
    isStream: true,
    statusCodes: { 200: true, 400: 'bad request', 500: 'server error' },
    abortSignal: signal,
  });

export type SessionHeaders = Readonly<Record<string, string | readonly string[]>>;

/** A connection on which the engine is the one that asks. */
export const openEngineSession = (docker: Docker, headers: SessionHeaders): Promise<Duplex> =>
  dial<Duplex>(docker, {
    method: 'POST',
    path: '/session',
    headers,
    hijack: true,
    statusCodes: { 200: true, 500: 'server error' },
  });

/** Podman answers as Docker does, but only as the classic builder. */
export const hasBuildkit = async (docker: Docker): Promise<boolean> => {
  const version = await docker.version();
  const [major = 0, minor = 0] = version.ApiVersion.split('.').map(Number);
  const isPodman = version.Components?.some((component) => component.Name.startsWith('Podman')) ?? false;
  return version.Os === 'linux' && !isPodman && (major > 1 || minor >= 39);
};

const dial = <Result>(docker: Docker, options: DialOptions): Promise<Result> =>
  new Promise((resolve, reject) => {
    // Its types leave out `file` streams and what a hijacked call answers.
    const modem = docker.modem as unknown as Modem;
    modem.dial(options, (error, result) => {
      if (error === null) resolve(result as Result);
      else reject(error);
    });
  });
