import { mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { ImageRef } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { ReplicaStart } from '../port.ts';
import type { StartOrder } from './record.ts';
import type { ScopeFolder } from './scope-folder.ts';

/** What the runner has to do for this replica: image, command and volumes become folder, argv and variables. */
export const startOrder = async (
  stateFolder: string,
  folder: ScopeFolder,
  replica: ReplicaStart,
  role: StartOrder['role'],
): Promise<StartOrder> => {
  const { service, revision, slot, attempt } = replica;
  const id = role === 'once' ? (`${replica.id}-once` as ReplicaStart['id']) : replica.id;
  return {
    role,
    identity: { id, service, revision, slot, attempt },
    image: replica.image,
    argv: argvOf(replica),
    workingFolder: await snapshotFolder(stateFolder, replica.image),
    environment: {
      ...inheritedVariables(),
      ...withVolumes(replica.variables, role === 'replica' ? await volumeFolders(folder, replica) : []),
    },
    ...(role === 'replica' && hostPortsIn(replica)),
  };
};

/** One that leads to the port that the app listens on is that port here. */
const hostPortsIn = ({ port, hostPorts = [] }: ReplicaStart): Pick<StartOrder, 'hostPorts' | 'port'> => {
  const own = hostPorts.find((each) => each.protocol === 'tcp' && each.port === port && isOnLoopback(each.listen.host));
  return { hostPorts, ...(own !== undefined && { port: own.listen.port }) };
};

const isOnLoopback = (host: string): boolean => ['127.0.0.1', '0.0.0.0', '[::]'].includes(host);

const argvOf = ({ id, command }: ReplicaStart): readonly string[] => {
  switch (command?.form) {
    case 'exec':
      return command.argv;
    case 'shell':
      return ['/bin/sh', '-c', command.line];
    case undefined:
      throw new PointsmanError('REPLICA_START_FAILED', {
        message: `${id} can't start: a copied source folder does not say how it is started.`,
        fix: 'Set deploy.startCommand.',
      });
  }
};

const snapshotFolder = async (stateFolder: string, image: ImageRef): Promise<string> => {
  const hash = /^snapshot:([\w.-]+)$/.exec(image)?.[1];
  const folder = hash === undefined ? undefined : join(stateFolder, 'snapshots', hash);
  const isThere =
    folder !== undefined &&
    (await stat(folder).then(
      (entry) => entry.isDirectory(),
      () => false,
    ));
  if (isThere) return folder;
  throw new PointsmanError('REPLICA_START_FAILED', {
    message: `There is no snapshot ${image}.`,
    fix: 'Deploy again, which copies the source. The process engine can not run container images.',
  });
};

/** Nothing of the supervisor's own environment but what programs can't do without. `node` is the Node that runs Pointsman. */
const inheritedVariables = (): Record<string, string> => {
  const { HOME, LANG, PATH = '/usr/local/bin:/usr/bin:/bin' } = process.env;
  return {
    PATH: [dirname(process.execPath), PATH].join(delimiter),
    TMPDIR: tmpdir(),
    ...(HOME !== undefined && { HOME }),
    ...(LANG !== undefined && { LANG }),
  };
};

interface VolumeFolder {
  readonly name: string;
  readonly mountPath: string;
  readonly folder: string;
}

const volumeFolders = (folder: ScopeFolder, { volumes }: ReplicaStart): Promise<readonly VolumeFolder[]> =>
  Promise.all(
    volumes.map(async ({ name, mountPath }) => {
      const path = join(folder.volumes, name);
      await mkdir(path, { recursive: true });
      return { name, mountPath, folder: path };
    }),
  );

/** A process can't mount: a variable that holds the mount path, or a path below it, is given the volume's folder instead. */
const withVolumes = (
  variables: Readonly<Record<string, string>>,
  volumes: readonly VolumeFolder[],
): Record<string, string> => {
  const moved = (value: string): string => {
    const volume = volumes.find(
      ({ mountPath }) => value === mountPath || value.startsWith(`${mountPath.replace(/\/$/, '')}/`),
    );
    return volume === undefined ? value : join(volume.folder, value.slice(volume.mountPath.length));
  };
  return {
    ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, moved(value)])),
    ...Object.fromEntries(volumes.map(({ name, folder }) => [volumeVariable(name), folder])),
  };
};

const volumeVariable = (name: string): string => `POINTSMAN_VOLUME_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
