import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Project } from './project.ts';

/** As the kernel does it when memory runs out: nobody is asked, and what it was stays to be looked at. */
export const endReplica = async (project: Project, id: string): Promise<void> => {
  if (project.engine === 'docker') return project.docker.getContainer(id).kill({ signal: 'SIGKILL' });
  process.kill(await pidOf(project, id), 'SIGKILL');
};

/** As far as an engine lets one: a container goes, of a process its record remains. */
export const takeAway = async (project: Project, id: string): Promise<void> => {
  if (project.engine === 'docker') return project.docker.getContainer(id).remove({ force: true });
  process.kill(await pidOf(project, id), 'SIGKILL');
};

const pidOf = async (project: Project, id: string): Promise<number> => {
  const folder = join(project.stateFolder, 'process');
  const found = await readdir(folder, { recursive: true });
  const record = found.find((path) => path.endsWith(`/${id}/replica.json`)) ?? '';
  return (JSON.parse(await readFile(join(folder, record), 'utf8')) as { readonly pid: number }).pid;
};
