import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../lib/index.ts';
import type { Exit, HostPort, ImageRef, Instant, ReplicaIdentity } from '../../model/index.ts';

/** What is to be started, everything resolved. The runner adds the port, unless it is one of the machine's that the replica holds. */
export interface StartOrder {
  readonly role: 'replica' | 'once';
  readonly identity: ReplicaIdentity;
  readonly image: ImageRef;
  readonly argv: readonly string[];
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly hostPorts?: readonly HostPort[];
  readonly port?: number;
}

/** One replica as it is kept on disk. Holds its variables, so only its owner may read it. */
export interface ReplicaRecord extends StartOrder {
  readonly port: number;
  /** Also its process group and session. */
  readonly pid: number;
  /** When the kernel started that pid; a later process with the same number has another. */
  readonly processStart: string;
  readonly startedAt: Instant;
  /** null while it runs. */
  readonly exit: Exit | null;
}

const recordFile = 'replica.json';

export const writeRecord = (folder: string, record: ReplicaRecord): Promise<void> =>
  writeFileAtomically(join(folder, recordFile), JSON.stringify(record), 0o600);

/** undefined when there is none: never started, removed, or the runner died before it was written. */
export const readRecord = async (folder: string): Promise<ReplicaRecord | undefined> => {
  const text = await readFile(join(folder, recordFile), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
};
