import { mkdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lines, printingOf } from './command-line.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const image = `pointsman-own-image-test-${process.pid}`;
const host = 'web.own-image.localhost';

const docker = (...args: string[]) => execa('docker', args, { timeout: 550_000, all: true });

beforeAll(async () => {
  await docker('build', '--tag', image, '--build-arg', 'NODE_IMAGE=local/node:24', resolve('.'));
}, 600_000);
afterAll(async () => {
  await docker('image', 'rm', '--force', image);
});

/** As the Dockerfile's first lines say, with a port and a state folder of the test's own. */
const runArguments = ({ folder, stateFolder }: Project, name: string): string[] => {
  const fixtures = resolve('fixtures');
  const mounts = ['/var/run/docker.sock:/var/run/docker.sock', `${folder}:${folder}`, `${fixtures}:${fixtures}:ro`];
  const place = ['--rm', '--name', name, '--network', 'host', '-w', folder, ...mounts.flatMap((each) => ['-v', each])];
  const flags = ['--manifests', '.', '--engine', 'docker', '--http', '127.0.0.1:0', '--state-dir', stateFolder];
  return ['run', ...place, image, ...flags];
};

test('the supervisor runs from its own image against the Docker socket, is talked to from outside, and leaves nothing', async () => {
  const project = await Project.create('docker', manifestOf('own-image', { web: politeSpec(host) }));
  await mkdir(project.stateFolder, { recursive: true });
  const name = `pointsman-${basename(project.folder)}`;
  const supervisor = new Lines(printingOf('docker', runArguments(project, name)));
  try {
    await supervisor.find((line) => line.includes('"ready":true'));
    // The same socket serves the command line of this machine: one supervisor, wherever it runs.
    await project.do('up');
    expect(await project.service('web')).toMatchObject({ ready: 1 });
    expect(await ask(await project.url(), host)).toMatchObject({ status: 200 });
    await project.do('down', '--volumes');
    expect(await supervisor.end()).toBe(0);
  } finally {
    await docker('rm', '--force', name).catch(() => undefined); // gone already when all went well
    await project.remove();
  }
});
