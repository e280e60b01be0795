import type { Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { LookingProbe, ProbeExec, ProbeResult } from '../../src/health/index.ts';
import { createProbeRunner } from '../../src/health/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import type { Address, HttpOk, ReplicaId } from '../../src/model/index.ts';
import { freePort } from '../free-port.ts';
import { listen, replica as replicaInSlot, serve } from './replica.ts';

const id: ReplicaId = replicaInSlot(0);
const ended: (() => void)[] = [];
afterEach(() => ended.splice(0).forEach((end) => end()));

const accept = (onConnection: (socket: Socket) => void): Promise<Address> => {
  const server = createTcpServer(onConnection);
  ended.push(() => server.close());
  return listen(server);
};
const closedPort = async (): Promise<Address> => ({ host: '127.0.0.1', port: await freePort() });

const noExec: ProbeExec = () => Promise.reject(new Error('no exec here'));
const look = (
  address: Address | undefined,
  probe: LookingProbe,
  options: { timeoutSeconds?: number; signal?: AbortSignal; exec?: ProbeExec } = {},
): Promise<ProbeResult> =>
  createProbeRunner({ clock: systemClock, exec: options.exec ?? noExec })({ id, address, startedAt: 0 }, probe, {
    timeoutSeconds: options.timeoutSeconds ?? 10,
    signal: options.signal ?? new AbortController().signal,
  });
const http = (ok: HttpOk = '200') => ({ kind: 'http', path: '/healthcheck', ok }) as const;
const answering = (status: number, headers = {}): Promise<Address> =>
  serve((_, response) => response.writeHead(status, headers).end('body'));

describe('an http probe', () => {
  it('passes on 200', async () => {
    expect(await look(await answering(200), http())).toMatchObject({
      ok: true,
      words: 'GET /healthcheck answered 200',
    });
  });

  it.each([
    ['200', 204, false],
    ['200', 301, false],
    ['2xx', 204, true],
    ['2xx', 302, false],
    ['2xx-3xx', 302, true],
    ['2xx-3xx', 404, false],
    ['2xx-3xx', 500, false],
  ] as const)('that wants %s judges %i: %s', async (wanted, status, ok) => {
    expect((await look(await answering(status), http(wanted))).ok).toBe(ok);
  });

  it('names a wrong status, and what was wanted', async () => {
    expect((await look(await answering(503), http())).words).toBe('GET /healthcheck answered 503, wanted 200');
  });

  it('does not follow a redirect, and says where it led', async () => {
    const paths: (string | undefined)[] = [];
    const address = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(308, { location: '/healthcheck/' }).end();
    });
    expect((await look(address, http())).words).toBe(
      'GET /healthcheck answered 308 (redirect to /healthcheck/), wanted 200',
    );
    expect(paths).toEqual(['/healthcheck']);
  });

  it('sends the Host that the gate names, on a connection that ends', async () => {
    const heads: unknown[] = [];
    const address = await serve((request, response) => {
      heads.push([request.headers.host, request.headers.connection]);
      response.end();
    });
    await look(address, { kind: 'http', path: '/', ok: '200', host: 'healthcheck.railway.app' });
    expect(heads).toEqual([['healthcheck.railway.app', 'close']]);
  });

  it('says that nobody listens', async () => {
    const address = await closedPort();
    expect((await look(address, http())).words).toBe(
      `connection refused on 127.0.0.1:${address.port} (is it listening on 0.0.0.0 and on PORT?)`,
    );
  });

  it('gives up on an app that accepts and stays silent, and lets go of it', async () => {
    const closed = Promise.withResolvers<void>();
    const address = await accept((socket) => {
      socket.on('error', () => {});
      socket.on('close', () => closed.resolve());
      socket.resume();
    });
    expect((await look(address, http(), { timeoutSeconds: 0.1 })).words).toBe('no answer within 0.1 s');
    await closed.promise;
  });

  it('says that the app closed the connection', async () => {
    const address = await accept((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.resetAndDestroy());
    });
    expect((await look(address, http())).words).toBe(
      `127.0.0.1:${address.port} closed the connection without an answer`,
    );
  });

  it('does not take rubbish for an answer', async () => {
    const address = await accept((socket) => {
      socket.on('error', () => {});
      socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    });
    expect((await look(address, http())).ok).toBe(false);
  });

  it('takes a slow answer that comes in time', async () => {
    const address = await serve((_, response) => {
      systemClock.after(50, () => response.end('late'));
    });
    expect((await look(address, http())).ok).toBe(true);
  });

  it('does not wait for a body without end, and lets go of it', async () => {
    const closed = Promise.withResolvers<void>();
    const address = await serve((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write('x'.repeat(16_384)));
        response.once('drain', more);
      };
      response.on('close', () => closed.resolve());
      more();
    });
    expect((await look(address, http())).ok).toBe(true);
    await closed.promise;
  });

  it('does not hold on to a body that hangs', async () => {
    const closed = Promise.withResolvers<void>();
    const address = await serve((_, response) => {
      response.on('close', () => closed.resolve());
      response.writeHead(200, { 'content-length': '100' }).write('a');
    });
    expect((await look(address, http())).ok).toBe(true);
    await closed.promise;
  });

  it('ends at once when it is cancelled', async () => {
    const controller = new AbortController();
    const address = await serve(() => controller.abort());
    expect(await look(address, http(), { signal: controller.signal })).toMatchObject({
      ok: false,
      words: 'the probe was cancelled',
    });
  });

  it('goes to the port the gate names', async () => {
    const { port } = await answering(200);
    expect((await look({ host: '127.0.0.1', port: 1 }, { ...http(), port })).ok).toBe(true);
  });

  it('says so when the replica has no address', async () => {
    expect((await look(undefined, http())).words).toContain('no address');
  });
});

describe('a tcp probe', () => {
  it('passes when something accepts, whatever it says', async () => {
    const address = await accept((socket) => socket.on('error', () => {}));
    expect((await look(address, { kind: 'tcp' })).ok).toBe(true);
  });

  it('fails when nobody listens', async () => {
    expect((await look(await closedPort(), { kind: 'tcp' })).words).toContain('connection refused');
  });
});

describe('an exec probe', () => {
  const probe: LookingProbe = { kind: 'exec', command: ['pg_isready', '-q'] };

  it('passes when the command exits with 0, in the replica it is about', async () => {
    const calls: unknown[] = [];
    const exec: ProbeExec = (replica, command) => {
      calls.push([replica, command]);
      return Promise.resolve({ exitCode: 0, output: '' });
    };
    expect((await look(undefined, probe, { exec })).ok).toBe(true);
    expect(calls).toEqual([[id, ['pg_isready', '-q']]]);
  });

  it('shows the exit code and the last line of what the command said', async () => {
    const words = (
      await look(undefined, probe, { exec: async () => ({ exitCode: 2, output: 'trying\nno response\n' }) })
    ).words;
    expect(words).toBe('pg_isready -q exited with 2: no response');
  });

  it('fails with the reason when the command could not be run', async () => {
    const result = await look(undefined, probe, { exec: () => Promise.reject(new Error('no such container')) });
    expect(result).toMatchObject({ ok: false, words: 'no such container' });
  });

  it('does not wait for a command that hangs, even one that ignores the cancelling', async () => {
    const result = await look(undefined, probe, { exec: () => new Promise(() => {}), timeoutSeconds: 0.05 });
    expect(result.words).toBe('no answer within 0.05 s');
  });
});
