import { request } from 'node:http';
import type { IncomingHttpHeaders, RequestOptions } from 'node:http';

const answersWithinMs = 5000;

export interface DockerAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Where `DOCKER_HOST` points, as the docker command understands it; undefined for what a plain look can't reach (ssh, TLS). */
export const dockerAddress = (variables: Readonly<Record<string, string | undefined>>): RequestOptions | undefined => {
  const host = variables['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  if (!/^(tcp|http):\/\//.test(host)) return undefined;
  const { hostname, port } = new URL(host.replace(/^tcp/, 'http'));
  return { host: hostname, port: port === '' ? 2375 : Number(port) };
};

/** A question to the Engine API, for diagnosis only: what runs things is `engine/`. */
export const askDocker = (address: RequestOptions, path: string, signal: AbortSignal): Promise<DockerAnswer> =>
  new Promise((resolve, reject) => {
    const either = AbortSignal.any([signal, AbortSignal.timeout(answersWithinMs)]);
    const outgoing = request({ ...address, path, signal: either, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers['content-type']?.includes('json') ?? false;
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: isJson ? JSON.parse(text) : text,
        });
      });
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
