import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';
import Docker from 'dockerode';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DockerEngineOptions } from '../../../src/engine/docker/index.ts';
import { createDockerEngine } from '../../../src/engine/docker/index.ts';
import type { StartCommand } from '../../../src/engine/index.ts';
import { environmentName, imageRef } from '../../../src/model/index.ts';
import { freePort } from '../../free-port.ts';
import { eventsUntil, linesOf, openStage } from '../stage.ts';
import { dockerLeftOvers } from './hostile-image.ts';

const docker = new Docker();
const owner = 'docker-only-test';
const busybox = imageRef('local/busybox:1');
const sleep: StartCommand = { form: 'exec', argv: ['sleep', '60'] };
const shell = (line: string): StartCommand => ({ form: 'shell', line });

const stage = (options: Partial<DockerEngineOptions> = {}, image = busybox) =>
  openStage({
    image,
    open: (scope) => createDockerEngine({ scope, owner, ...options }),
    leftOvers: (scope) => dockerLeftOvers(docker, scope),
  });

describe('docker engine: facts of its own', () => {
  it('tells that a replica ran out of memory', async () => {
    const { start, engine, exited, signal } = await stage({}, imageRef('local/node:24-slim'));
    const events = engine.events(signal);
    const told = eventsUntil(events, (event) => event.kind === 'replica' && event.what === 'exited');
    const hungry = 'const all = []; for (;;) all.push(Buffer.alloc(8_000_000, 1))';
    const { id } = await start({
      command: { form: 'exec', argv: ['node', '-e', hungry] },
      limits: { memoryBytes: 96 * 1024 * 1024 },
    });
    expect(await exited(id)).toMatchObject({ code: 137, signal: 'SIGKILL', outOfMemory: true });
    expect(await told).toContainEqual(expect.objectContaining({ replica: id, what: 'out-of-memory' }));
  });

  it('reaches replicas through a published loopback port where it must', async () => {
    const { start, engine, said, signal } = await stage({ publishPorts: 'always' });
    const serve = shell('echo published > index.html; echo ready; exec httpd -f -p 3000');
    const listen = { host: '127.0.0.1', port: await freePort() };
    const { id, state } = await start({ command: serve, hostPorts: [{ listen, port: 3000, protocol: 'tcp' }] });
    await said(id, 'ready');
    if (state.kind !== 'running' || state.address === undefined) throw new Error('no address');
    expect(state.address.host).toBe('127.0.0.1');
    expect([3000, listen.port]).not.toContain(state.address.port);
    await engine.exec(id, ['sh', '-c', 'until wget -qO- 127.0.0.1:3000/index.html; do usleep 10000; done'], signal);
    for (const port of [state.address.port, listen.port]) {
      const answer = await fetch(`http://127.0.0.1:${port}/index.html`);
      expect(await answer.text()).toBe('published\n');
    }
    expect((await engine.prepare(signal)).names).toBeUndefined();
  });

  it('lets replicas ask the gateway for private names', async () => {
    const { start, engine, signal } = await stage();
    const { names } = await engine.prepare(signal);
    if (names === undefined) throw new Error('no place for names');
    await serveName(names.bind, 'api.internal', '10.9.8.7');
    const { id } = await start({ command: sleep });
    expect((await engine.exec(id, ['nslookup', 'api.internal'], signal)).output).toContain('10.9.8.7');
  });

  it('takes a container that was made but never started for none: nobody would ever start or end it', async () => {
    const { start, replica, engine, scope, signal } = await stage();
    const first = await start({ command: sleep });
    const labels = (await docker.getContainer(first.id).inspect()).Config.Labels;
    const second = replica({ command: sleep, attempt: 2 });
    await docker.createContainer({
      name: second.id,
      Image: busybox,
      Entrypoint: ['sleep', '60'],
      Labels: { ...labels, 'pointsman.replica': second.id, 'pointsman.attempt': '2' },
      HostConfig: { NetworkMode: `pointsman-${scope.project}-${scope.environment}` },
    });
    expect((await engine.observe(undefined, signal)).map(({ id }) => id)).toEqual([first.id]);
    await expect(docker.getContainer(second.id).inspect()).rejects.toMatchObject({ statusCode: 404 });
    expect((await engine.start(second, signal)).state).toMatchObject({ kind: 'running' });
  });

  it('never touches the container of another supervisor', async () => {
    const { start, scope, signal } = await stage();
    const { id } = await start({ command: sleep });
    const stranger = createDockerEngine({ scope, owner: 'somebody-else' });
    onTestFinished(() => stranger.close());
    await expect(stranger.prepare(signal)).rejects.toMatchObject({ message: expect.stringContaining(owner) });
    await stranger.remove(id, signal);
    await stranger.dispose({ volumes: true }, signal);
    expect((await docker.getContainer(id).inspect()).State.Running).toBe(true);
  });

  it('takes over the empty network of a supervisor whose state folder is gone', async () => {
    const { scope, engine, signal } = await stage();
    const vanished = createDockerEngine({
      scope: { ...scope, environment: environmentName('vanished') },
      owner: '/nowhere/.pointsman',
    });
    onTestFinished(() => vanished.close());
    await vanished.prepare(signal);
    const successor = createDockerEngine({ scope: { ...scope, environment: environmentName('vanished') }, owner });
    onTestFinished(() => successor.close());
    expect((await successor.prepare(signal)).names).toBeDefined();
    await successor.dispose({ volumes: true }, signal);
    await engine.prepare(signal);
  });

  it('ends a run that a killed supervisor left behind', async () => {
    const { replica, reopen, scope, signal } = await stage();
    const dying = reopen();
    const run = { ...replica({ command: shell('echo begun; exec sleep 60') }), timeoutSeconds: 60 };
    const begun = Promise.withResolvers<void>();
    const abandoned = dying.runOnce(run, () => begun.resolve(), signal).catch(() => undefined);
    await begun.promise;
    const successor = reopen();
    await successor.prepare(signal);
    expect((await dockerLeftOvers(docker, scope)).filter((name) => name.startsWith('container'))).toEqual([]);
    await abandoned;
  });

  it('makes the network again when somebody removed it', async () => {
    const { start, scope } = await stage();
    await docker.getNetwork(`pointsman-${scope.project}-${scope.environment}`).remove();
    expect((await start({ command: sleep })).state).toMatchObject({ kind: 'running' });
  });

  it('starts what the image itself starts when there is no start command', async () => {
    const image = `pointsman-own-command-${process.pid}`;
    const made = await docker.createContainer({ Image: busybox, Entrypoint: ['echo', 'by itself'] });
    await made.commit({ repo: image });
    await made.remove();
    onTestFinished(() => docker.getImage(image).remove({ force: true }));
    const { start, engine, exited, signal } = await stage({}, imageRef(image));
    const { id } = await start({ command: undefined });
    await exited(id);
    const [line] = await linesOf(engine.logs(id, { follow: false, tail: undefined }, signal));
    expect(line?.text).toBe('by itself');
  });

  it('says which container still uses the network', async () => {
    const { start, engine, signal } = await stage();
    const { id } = await start({ command: sleep });
    await expect(engine.dispose({ volumes: false }, signal)).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringContaining(id),
    });
  });
});

/** What the proxy does for a scope, in the smallest form. */
const serveName = async (bind: { readonly host: string; readonly port: number }, name: string, address: string) => {
  const server = createSocket('udp4');
  server.on('message', (message, from) => {
    const query = decode(message);
    const asked = query.questions?.[0];
    const isKnown = asked?.name === name && asked.type === 'A';
    const answers = isKnown ? [{ type: 'A' as const, name, ttl: 0, data: address }] : [];
    server.send(
      encode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], answers }),
      from.port,
      from.address,
    );
  });
  server.bind(bind.port, bind.host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
};
