import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { freePort } from '../free-port.ts';
import { CommandLine } from './command-line.ts';

it('the proxy runs alone with fixed routes and ends with Ctrl-C', async () => {
  const app = createServer((_request, response) => response.end('from the app')).listen(0, '127.0.0.1');
  await once(app, 'listening');
  const http = `127.0.0.1:${await freePort()}`;
  const line = await CommandLine.create();
  const route = `app.localhost=127.0.0.1:${(app.address() as AddressInfo).port}`;
  const proxy = line.start('proxy', 'run', '--http', http, '--route', route);
  await expect.poll(() => answer(http)).toBe('from the app');
  proxy.kill('SIGINT');
  expect((await proxy).exitCode).toBe(130);
  app.close();
  await line.remove();
});

const answer = (http: string): Promise<string> =>
  new Promise((resolve) => {
    const request = get(`http://${http}/`, { headers: { host: 'app.localhost' }, agent: false }, (response) => {
      response.toArray().then(
        (chunks) => resolve(Buffer.concat(chunks).toString()),
        () => resolve('broken'),
      );
    });
    request.on('error', () => resolve('nothing there yet'));
  });
