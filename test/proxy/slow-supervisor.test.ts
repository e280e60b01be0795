import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { freePort } from '../free-port.ts';
import { proxyFolder } from '../../src/protocol/index.ts';
import type { FromProxy } from '../../src/protocol/index.ts';
import { connectProxy } from '../../src/traffic/index.ts';
import { get, ok, program, RawUpstream, soon, TestProxy, upstream } from './rig.ts';

/** Of paths that long, some hundreds are more than waits for a supervisor. */
const requests = 900;
const path = `/${'x'.repeat(8_000)}`;

it('records that a supervisor does not take are dropped and counted, and it learns how many as soon as it reads on', async () => {
  const proxy = await TestProxy.start();
  const app = await RawUpstream.start((socket) => socket.write(ok('served')));
  const metrics = { host: '127.0.0.1', port: await freePort() };
  const published = await proxy.link.publish(
    { ...proxy.table([upstream('a', app.port)]), reports: { metrics } },
    soon(),
  );
  proxy.port = published.listeners[0]?.port ?? 0;
  const supervisor = connect(proxyFolder(proxy.stateFolder).socket);
  const lines = createInterface({ input: supervisor });
  const told = { records: 0, dropped: 0 };
  const greeted = Promise.withResolvers<void>();
  lines.on('line', (line) => {
    const message = JSON.parse(line) as FromProxy;
    if (message.kind === 'hello') greeted.resolve();
    if (message.kind !== 'records') return;
    told.records += message.batch.count;
    told.dropped += message.dropped;
  });
  await greeted.promise;
  supervisor.pause();
  const client = await proxy.client();
  for (let count = 0; count < requests; count += 1) {
    client.received = '';
    client.send(get(path));
    await client.until('served');
  }
  client.socket.destroy();
  // All that the master will ever have to say: nothing comes afterwards that could bring the count along.
  const counted = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${metrics.port}/metrics`)).text();
  await expect.poll(counted).toContain(`outcome="ok",status="200"} ${requests}\n`);
  supervisor.resume();
  await expect.poll(() => told.records + told.dropped).toBe(requests);
  expect(told.dropped).toBeGreaterThan(0);
  expect(told.records).toBeGreaterThan(0);
  supervisor.destroy();
  app.close();
  await (await connectProxy({ stateFolder: proxy.stateFolder, program, signal: soon() })).shutdown(soon());
  await proxy.remove();
});
