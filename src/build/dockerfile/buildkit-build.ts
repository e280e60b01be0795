import type { BuildProgress } from '../port.ts';
import { SourceChanged } from '../restless-source.ts';
import type { SourceEntry } from '../source-tree.ts';
import type { BuildInput } from './build-input.ts';
import type { BuildRun } from './build-run.ts';
import { commonQuery } from './build-run.ts';
import type { BuildSession } from './build-session.ts';
import { openBuildSession } from './build-session.ts';
import type { BuildOutcome } from './build-stream.ts';
import { followBuild } from './build-stream.ts';
import { checkedContent } from './checked-content.ts';
import { withoutSyntaxLine } from './dockerfile.ts';
import { openEngineSession, postBuild } from './engine-api.ts';
import type { SyncedEntry } from './file-sync.ts';

/** BuildKit fetches context, Dockerfile and secrets from us, by a session; so no Dockerfile gets into the context, and no secret into either. */
export const buildWithBuildkit = async (
  run: BuildRun,
  onProgress: (progress: BuildProgress) => void,
  signal: AbortSignal,
): Promise<BuildOutcome> => {
  const session = await openSession(run);
  const query = {
    ...commonQuery(run),
    version: '2',
    remote: 'client-session',
    session: session.id,
    dockerfile: dockerfileName,
  };
  try {
    const outcome = await followBuild(await postBuild(run.docker, query, signal), onProgress);
    if (session.failure() instanceof SourceChanged) throw session.failure();
    return outcome;
  } finally {
    session.close();
  }
};

const dockerfileName = 'Dockerfile';

const openSession = ({ docker, input }: BuildRun): Promise<BuildSession> =>
  openBuildSession(
    {
      secrets: input.source.secrets,
      context: input.tree.entries
        .map((entry) => syncedEntry(input, entry))
        .sort(byPath)
        .map(([, entry]) => entry),
      dockerfile: memoryEntry(dockerfileName, Buffer.from(withoutSyntaxLine(input.dockerfile))),
      sharedKey: input.hash,
    },
    (headers) => openEngineSession(docker, headers),
  );

type Sortable = readonly [order: Buffer, entry: SyncedEntry];

/** BuildKit wants what is in a folder right after it, and compares bytes. */
const byPath = ([a]: Sortable, [b]: Sortable): number => Buffer.compare(a, b);

const syncedEntry = ({ tree, contents }: BuildInput, entry: SourceEntry): Sortable => {
  const { path, mode, kind } = entry;
  const order = Buffer.from(path.replaceAll('/', '\0'));
  if (entry.kind !== 'file') {
    const target = entry.kind === 'link' ? entry.target : '';
    return [order, { path, mode, kind, size: 0, target, content: nothing }];
  }
  const content = (): AsyncIterable<Buffer> => checkedContent(tree.root, entry, contents.get(path));
  return [order, { path, mode, kind, size: entry.size, target: '', content }];
};

const memoryEntry = (path: string, bytes: Buffer): SyncedEntry => ({
  path,
  mode: 0o644,
  kind: 'file',
  size: bytes.length,
  target: '',
  content: async function* content() {
    yield bytes;
  },
});

async function* nothing(): AsyncGenerator<Buffer> {}
