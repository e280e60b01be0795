import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';

const docker = new Docker();

/** The containers of one supervisor, each by what makes it itself. */
export const ourContainers = async (stateFolder: string, from = docker): Promise<readonly string[]> => {
  const found = await from.listContainers({ filters: ownedBy(stateFolder) });
  return found.map(({ Id: id }) => id).sort();
};

/** What is written on all that bears a replica's name, whether it runs or not: labels of containers, records of processes. */
export const labelledReplicas = async (place: Place): Promise<readonly string[]> => {
  const { engine, stateFolder, docker: from } = place;
  if (engine === 'process') return recordedReplicas(join(stateFolder, 'process'));
  const found = await from.listContainers({ all: true, filters: ownedBy(stateFolder) });
  return found.map(({ Names: names, Labels: labels }) => labels['pointsman.replica'] ?? names.join(' ')).sort();
};

/** What there is of a project beside its replicas. */
export const surroundings = async (place: Place): Promise<readonly string[]> => {
  const { engine, folder, stateFolder } = place;
  const replicas = new Set(await ourProcesses(folder, 'replicas'));
  const others = (await ourProcesses(folder, 'all')).filter((pid) => !replicas.has(pid));
  const commands = await Promise.all(others.map(async (pid) => (await processFacts(pid)).command));
  const programs = commands.map((command) => /\/(supervisor|proxy|runner)\.ts /.exec(command)?.[1] ?? command);
  if (engine === 'process') return programs.sort();
  const { networks, volumes } = await ownedThings(place.docker, stateFolder);
  return [...programs, ...networks.map(() => 'network'), ...volumes.map(() => 'volume')].sort();
};

/** Pre-deploy commands that run now. */
export const ourRuns = async ({ engine, folder, stateFolder }: Place): Promise<readonly string[]> => {
  if (engine === 'process') {
    const pids = await ourProcesses(folder, 'replicas');
    const seen = await Promise.all(pids.map(async (pid) => ({ pid, ...(await processFacts(pid)) })));
    return seen.filter(({ command }) => command.includes('migrat')).map(({ pid }) => pid);
  }
  const { label } = ownedBy(stateFolder);
  const found = await docker.listContainers({ filters: { label: [...label, 'pointsman.role=once'] } });
  return found.map(({ Id: id }) => id);
};

interface Place {
  readonly engine: 'docker' | 'process';
  readonly folder: string;
  readonly stateFolder: string;
  readonly docker: Docker;
}

const recordedReplicas = async (folder: string): Promise<readonly string[]> => {
  const found = await readdir(folder, { recursive: true });
  return found.flatMap((path) => /\/replicas\/([^/]+)$/.exec(path)?.[1] ?? []).sort();
};

/** Processes that run in a folder or were started for it. `replicas`: only the apps, not what builds them. */
export const ourProcesses = async (folder: string, which: 'replicas' | 'all'): Promise<readonly string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const seen = await Promise.all(pids.map(async (pid) => ({ pid, ...(await processFacts(pid)) })));
  const isInside = ({ cwd }: ProcessFacts): boolean => cwd.startsWith(`${folder}/.pointsman/snapshots/`);
  const isApp = (facts: ProcessFacts): boolean => isInside(facts) && facts.isMarked;
  const isOurs = (facts: ProcessFacts): boolean => isInside(facts) || facts.command.includes(`${folder}/`);
  return seen
    .filter(which === 'replicas' ? isApp : isOurs)
    .map(({ pid }) => pid)
    .sort();
};

/** Ends and removes whatever a project left, and says what it was. */
export const removeLeftOvers = async (
  folder: string,
  stateFolder: string,
  from = docker,
): Promise<readonly string[]> => {
  const pids = await ourProcesses(folder, 'all');
  const words = await Promise.all(pids.map(async (pid) => `process ${(await processFacts(pid)).command}`));
  for (const pid of pids) endProcess(Number(pid));
  return [...words, ...(await removeFromDocker(from, stateFolder))];
};

/** Built images stay after `down`, so that the next `up` is quick; a test's project never comes back. The builder's cache remains. */
export const forgetImages = async (project: string): Promise<void> => {
  if (!(await dockerAnswers(docker))) return;
  const reference = `pointsman-*/${project}-*`;
  const images = await docker.listImages({ filters: { reference: [reference] } });
  const tags = images.flatMap(({ RepoTags: all }) => all ?? []).filter((tag) => tag.includes(`/${project}-`));
  // One after the other: Docker trips over two tags of one image that go at once.
  for (const tag of tags) await docker.getImage(tag).remove();
};

interface ProcessFacts {
  readonly command: string;
  readonly cwd: string;
  /** Started by a runner. */
  readonly isMarked: boolean;
}

/** Empty for one that has ended meanwhile, or that nobody has waited for yet. */
const processFacts = async (pid: string): Promise<ProcessFacts> => {
  try {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    const isMarked = environment.split('\0').some((variable) => variable.startsWith('POINTSMAN_REPLICA='));
    return { command, cwd: command === '' ? '' : await readlink(`/proc/${pid}/cwd`), isMarked };
  } catch {
    return { command: '', cwd: '', isMarked: false };
  }
};

const endProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
};

const removeFromDocker = async (from: Docker, stateFolder: string): Promise<readonly string[]> => {
  if (!(await dockerAnswers(from))) return [];
  const containers = await from.listContainers({ all: true, filters: ownedBy(stateFolder) });
  await Promise.all(containers.map(({ Id: id }) => from.getContainer(id).remove({ force: true, v: true })));
  const { networks, volumes } = await ownedThings(from, stateFolder);
  await Promise.all(networks.map(({ Id: id }) => from.getNetwork(id).remove()));
  await Promise.all(volumes.map(({ Name: name }) => from.getVolume(name).remove()));
  return [
    ...containers.map(({ Names: names }) => `container ${names.join(' ')}`),
    ...networks.map(({ Name: name }) => `network ${name}`),
    ...volumes.map(({ Name: name }) => `volume ${name}`),
  ];
};

const ownedThings = async (from: Docker, stateFolder: string) => {
  const filters = ownedBy(stateFolder);
  const [networks, { Volumes: volumes }] = await Promise.all([
    from.listNetworks({ filters }),
    from.listVolumes({ filters }),
  ]);
  return { networks, volumes };
};

const dockerAnswers = async (from: Docker): Promise<boolean> =>
  (await from.ping().catch(() => undefined)) !== undefined;

const ownedBy = (stateFolder: string) => ({ label: [`pointsman.owner=${stateFolder}`] });
