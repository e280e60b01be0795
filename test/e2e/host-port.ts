import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { askUdp, holdUdp, udpEcho } from '../udp.ts';
import { manifestOf } from './manifests.ts';
import type { EngineName, Spec } from './manifests.ts';
import { Project } from './project.ts';

const dockerfile = 'ARG NODE_IMAGE\nFROM ${NODE_IMAGE}\nWORKDIR /app\nCOPY app.cjs ./\n';

/** A service that answers datagrams at a port of the machine, past the proxy. */
export const hostPortSuite = (engine: EngineName): void => {
  describe(`a service that holds a port of the machine, on ${engine}`, () => {
    const running: { project?: Project; port?: number } = {};
    const project = (): Project => {
      if (running.project === undefined) throw new Error('the project did not come up');
      return running.project;
    };
    const port = (): number => running.port ?? 0;
    // Containers have ports of their own.
    const inside = (listen: number): number => (engine === 'docker' ? 5300 : listen);
    const echo = (listen: number, deploy: Spec = {}): Spec => ({
      source: 'source',
      port: 8080,
      hostPorts: [{ listen, port: inside(listen), protocol: 'udp' }],
      variables: { RELEASE: '1', UDP_PORT: String(inside(listen)) },
      deploy: { startCommand: 'node app.cjs', drainingSeconds: 3, ...deploy },
    });
    const manifest = (listen: number, deploy: Spec = {}): string =>
      manifestOf(`host-port-${engine}`, { echo: echo(listen, deploy) });

    beforeAll(async () => {
      running.port = await freePort();
      running.project = await Project.create(engine, manifest(port()));
      await project().write('source/app.cjs', udpEcho);
      await project().write('source/Dockerfile', dockerfile);
      await project().up();
    });
    afterAll(() => running.project?.remove());

    test('a deploy hands the port over: the old one has ended before the new one starts, which answers there', async () => {
      expect(await askUdp(port(), 'hello')).toBe('hello 1');
      await project().deploy('echo', '--variable', 'RELEASE=2');
      expect(await askUdp(port(), 'hello')).toBe('hello 2');
      const order = (await project().events('echo')).flatMap(({ reason, revision }) =>
        ['ReplicaStarted', 'SignalSent', 'StartFailed'].includes(reason) ? [`${reason} ${revision ?? ''}`.trim()] : [],
      );
      expect(order).toEqual(['ReplicaStarted 1', 'SignalSent', 'ReplicaStarted 2']);
      expect(await project().replicas()).toHaveLength(1);
    });

    test('plan names the port as what forces it, and the gap that the last deploy had', async () => {
      const plan = await project().do('plan', 'echo', '--variable', 'RELEASE=3');
      expect(plan).toContain(
        `note: It holds port ${port()}/udp of this machine itself: the old replica is stopped before the new one starts, so nobody answers there until then`,
      );
      expect(plan).toMatch(/expected: a gap of \d+\.\d s, .* as the last deploy took/);
    });

    test('a second replica is refused, with the reason', async () => {
      const outcome = await project().run('scale', 'echo', '2');
      expect(outcome).toMatchObject({ exitCode: 2 });
      expect(outcome.all).toContain(`echo holds port ${port()}/udp of this machine: only one replica can`);
    });

    test('a port that somebody else holds: said with what to do, and the version before has its port again', async () => {
      const foreign = await freePort();
      const letGo = await holdUdp(foreign);
      await project().write('pointsman.yaml', manifest(foreign));
      const outcome = await project().tryUp();
      expect(outcome).toMatchObject({ exitCode: 1 });
      expect(outcome.all).toMatch(new RegExp(`something else on this machine holds port .*${foreign}`));
      expect(outcome.all).toContain('End what holds it and deploy again');
      expect(await askUdp(port(), 'still')).toBe('still 2');
      await letGo();
      await project().up();
      expect(await askUdp(foreign, 'moved')).toBe('moved 2');
    });
  });
};
