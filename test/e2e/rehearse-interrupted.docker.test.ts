import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Lines } from './command-line.ts';
import { ourProcesses, removeLeftOvers } from './left-overs.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';

const host = 'web.interrupted.localhost';
const rehearsal = JSON.stringify({
  apiVersion: 'pointsman/v1',
  kind: 'Rehearsal',
  metadata: { name: 'long' },
  spec: {
    deploy: { services: ['web'], variables: { RELEASE: '2' } },
    compare: ['pointsman'],
    before: '30s',
    workloads: [{ name: 'calls', http: { host, path: '/', rate: '50/s' } }],
  },
});

test('Ctrl-C in the middle of a rehearsal on Docker: exit code 130, no container, network, process or file is left', async () => {
  const manifest = `${manifestOf('interrupted', { web: politeSpec(host) })}\n---\n${rehearsal}`;
  const project = await Project.create('docker', manifest);
  try {
    const running = new Lines(project.start('rehearse', '--engine', 'docker'));
    await running.find((line) => line.includes('load before the deploy'));
    expect(await running.stop('SIGINT')).toBe(130);
    expect(await ourProcesses(project.folder, 'all')).toEqual([]);
    expect(await removeLeftOvers(project.folder, join(project.stateFolder, 'rehearsal'))).toEqual([]);
    expect(await readdir(project.stateFolder)).toEqual([]);
  } finally {
    await project.remove();
  }
});
