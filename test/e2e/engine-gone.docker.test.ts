import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { bothStrategies, disturbedDeploy, hostOf, strategies } from './disturbed-deploy.ts';
import type { PerStrategy } from './disturbed-deploy.ts';
import { ourProcesses } from './left-overs.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const host = 'web.gone.localhost';
const spec = politeSpec(host, { numReplicas: 2, strategy: 'rolling' }, { variables: { RELEASE: '1', BOOT_MS: '500' } });

/** The engine's socket behind one of our own, which can go away and come back. */
class Detour {
  readonly #path: string;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<void> {
    this.#server = createServer({ allowHalfOpen: true }, (here) => this.#connect(here)).listen(this.#path);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #connect(here: Socket): void {
    const there = createConnection({ path: '/var/run/docker.sock', allowHalfOpen: true });
    here.pipe(there).pipe(here);
    for (const [socket, other] of [
      [here, there],
      [there, here],
    ] as const) {
      this.#open.add(socket);
      socket.once('error', () => other.destroy());
      socket.once('close', () => {
        this.#open.delete(socket);
        other.destroy();
      });
    }
  }
}

const outageMs = 10_000;

test("Docker's socket gone for ten seconds in the middle of a rolling and a blue-green deploy: nothing is lost, nothing left, both finish", async () => {
  const project = await Project.create('docker', manifestOf('engine-gone', bothStrategies()));
  const detour = new Detour(join(project.folder, 'docker.sock'));
  project.environment['DOCKER_HOST'] = `unix://${join(project.folder, 'docker.sock')}`;
  await detour.open();
  try {
    await project.up();
    await goesAndComesBack(project, detour);
  } finally {
    await detour.close();
    await detour.open();
    await project.remove();
    await detour.close();
  }
});

const goesAndComesBack = async (project: Project, detour: Detour): Promise<void> => {
  const url = await project.url();
  const happens = async (events: PerStrategy<Event>): Promise<void> => {
    const since = Math.max(...strategies.map((each) => events[each].sequence));
    const told = (reason: string): Promise<Event> =>
      project.told((event) => event.sequence > since && event.reason === reason);
    await detour.close();
    await told('EngineUnreachable');
    const { engine, services } = await project.status();
    expect(engine).toMatchObject({ kind: 'docker', reachable: false });
    expect(services.map(({ rollout }) => rollout?.phase)).not.toContain('failed');
    for (const each of strategies) expect(await ask(url, hostOf(each))).toMatchObject({ status: 200 });
    // The subject of the test is how long: what waits for Docker must neither give up nor pause for ever.
    await delay(outageMs);
    await detour.open();
    await told('EngineReachable');
  };
  const result = await disturbedDeploy(project, { release: '2', moment: 'ReplicaStarted', happens });
  expect(result).toEqual({ rolling: 'finished', 'blue-green': 'finished' });
  const attempts = (await project.status()).services.flatMap(({ replicas }) => replicas.map(({ attempt }) => attempt));
  expect(attempts).toEqual([1, 1, 1, 1]);
};

test('an engine that is not there from the start: ENGINE_UNREACHABLE, exit code 3, and what to do', async () => {
  const project = await Project.create('docker', manifestOf('engine-missing', { web: spec }));
  project.environment['DOCKER_HOST'] = `unix://${join(project.folder, 'nobody.sock')}`;
  try {
    const outcome = await project.tryUp();
    expect(outcome).toMatchObject({ exitCode: 3 });
    expect(outcome.all).toMatch(/ENGINE_UNREACHABLE[^]*fix: .*(Start|start) Docker/);
  } finally {
    delete project.environment['DOCKER_HOST'];
    await project.remove();
  }
});

test('a Dockerfile that does not exist: DOCKERFILE_NOT_FOUND, exit code 2, nothing touched', async () => {
  const project = await Project.create('docker', manifestOf('no-dockerfile', { web: spec }));
  try {
    await project.up();
    const before = await project.replicas();
    const lost = { ...spec, build: { dockerfilePath: 'no/Dockerfile' } };
    await project.write('pointsman.yaml', manifestOf('no-dockerfile', { web: lost }));
    const outcome = await project.tryUp();
    expect(outcome).toMatchObject({ exitCode: 2 });
    expect(outcome.all).toMatch(/DOCKERFILE_NOT_FOUND[^]*no\/Dockerfile/);
    expect(await project.replicas()).toEqual(before);
    expect(await ask(await project.url(), host)).toMatchObject({ status: 200 });
  } finally {
    await project.remove();
  }
});

test("a start that is refused because another supervisor has the project's network leaves no proxy behind, nor does down", async () => {
  const [first, second] = [
    await Project.create('docker', manifestOf('two-owners', { web: spec })),
    await Project.create('docker', manifestOf('two-owners', { web: spec })),
  ];
  try {
    // What it served once is on disk, and nobody is behind it any more.
    await second.up();
    await second.do('down');
    await first.up();
    expect(await second.tryUp()).toMatchObject({ exitCode: 3, all: expect.stringContaining(first.stateFolder) });
    expect(await ourProcesses(second.folder, 'all')).toEqual([]);
    await second.run('down');
    expect(await ourProcesses(second.folder, 'all')).toEqual([]);
    expect(await ask(await first.url(), host)).toMatchObject({ status: 200 });
  } finally {
    await first.remove();
    await second.remove();
  }
});
