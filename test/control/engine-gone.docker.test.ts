import { createServer, connect } from 'node:net';
import type { Server, Socket } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDockerfileBuilder } from '../../src/build/dockerfile/index.ts';
import { createBuilder } from '../../src/build/index.ts';
import { createDockerEngine } from '../../src/engine/docker/index.ts';
import type { Rig } from './rig.ts';
import { politeService, project, serviceManifest, startRig } from './rig.ts';

/** Docker's socket, with a switch in between. */
const switchedDocker = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-docker-'));
  const socketPath = join(folder, 'docker.sock');
  const open = new Set<Socket>();
  const listen = async (): Promise<Server> => {
    const server = createServer((client) => {
      const docker = connect('/var/run/docker.sock');
      for (const socket of [client, docker]) {
        open.add(socket);
        socket.on('error', () => socket.destroy());
        socket.once('close', () => open.delete(socket));
      }
      client.pipe(docker).pipe(client);
    });
    server.listen(socketPath);
    await once(server, 'listening');
    return server;
  };
  let server = await listen();
  const off = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  const on = async (): Promise<void> => {
    server = await listen();
  };
  onTestFinished(async () => {
    await off();
    rmSync(folder, { recursive: true, force: true });
  });
  return { socketPath, off, on };
};

const rigOn = (socketPath: string, services: string): Promise<Rig> => {
  const connection = { socketPath };
  return startRig(project.replace('rig', `rig-${process.pid}`) + services, (scope, stateFolder) => ({
    engine: createDockerEngine({ scope, owner: stateFolder, docker: connection }),
    builder: createBuilder({
      dockerfile: createDockerfileBuilder({ docker: connection, project: scope.project, stateFolder }),
    }),
  }));
};

const buildArgs = { NODE_IMAGE: 'local/node:24-slim', APP: 'polite.mjs' };

test('Docker going away in the middle of a deploy loses no request; the deploy goes on when it is back', async () => {
  const docker = await switchedDocker();
  const rig = await rigOn(docker.socketPath, politeService('web', ['variables: { RELEASE: "1" }', 'port: 3000']));
  const signal = AbortSignal.timeout(150_000);
  const up = await rig.finished(await rig.control.apply({ buildArgs }, signal));
  expect(up.result).toBe('completed');
  const load = await rig.load('web.localhost');
  const variables = { RELEASE: '2', BOOT_MS: '1500' };
  const deploy = await rig.control.deploy({ services: ['web'], variables }, signal);
  for await (const event of rig.control.events({ follow: true }, signal)) {
    if (event.reason === 'ReplicaStarted' && event.revision === 2) break;
  }
  await docker.off();
  await rig.event('EngineUnreachable');
  const away = await rig.control.status();
  expect(away.engine).toMatchObject({ reachable: false });
  expect(await rig.get('web.localhost')).toMatchObject({ status: 200 });
  await docker.on();
  const report = await rig.finished(deploy);
  const seen = await load.stop();
  expect(report.result).toBe('completed');
  expect(seen.failures).toEqual([]);
  expect(seen.releases).toEqual(['1', '2']);
  expect((await rig.control.status()).engine).toMatchObject({ reachable: true });
});

test('followed logs go on where they stopped, with the very same replica, when Docker is back', async () => {
  const docker = await switchedDocker();
  const worker = ['source: app', 'variables: { WORK_MS: "200" }', 'deploy: { startCommand: node worker.mjs }'];
  const rig = await rigOn(docker.socketPath, serviceManifest('work', worker));
  const signal = AbortSignal.timeout(150_000);
  expect(await rig.finished(await rig.control.apply({ buildArgs }, signal))).toMatchObject({ result: 'completed' });
  const ended = new AbortController();
  const begun: number[] = [];
  let heard = (): void => undefined;
  const reading = (async () => {
    for await (const { text } of rig.control.logs({ service: 'work', follow: true }, ended.signal)) {
      const [, piece] = /^piece (\d+) started/.exec(text) ?? [];
      if (piece === undefined) continue;
      begun.push(Number(piece));
      heard();
    }
  })();
  const another = (): Promise<void> => new Promise((resolve) => (heard = resolve));
  await another();
  await docker.off();
  await rig.event('EngineUnreachable');
  const before = begun.length;
  await docker.on();
  while (begun.length < before + 10) await another();
  ended.abort();
  await reading;
  const first = begun[0] ?? 0;
  expect(begun).toEqual(begun.map((_, index) => first + index));
});
