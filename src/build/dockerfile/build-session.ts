import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http2';
import { performServerHandshake } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { SessionHeaders } from './engine-api.ts';
import type { SyncedEntry } from './file-sync.ts';
import { serveFolder } from './file-sync.ts';
import { GrpcCall, grpcStatus } from './grpc-call.ts';
import { decodeProtobuf, encodeBytesField, encodeNumberField, textField } from './protobuf.ts';

/** BuildKit asks its client back, by gRPC on a connection that the client opened: for files and secrets. */
export interface BuildSession {
  readonly id: string;
  /** What first went wrong while answering. */
  failure(): unknown;
  close(): void;
}

export interface SessionOffer {
  readonly secrets: Readonly<Record<string, string>>;
  readonly context: readonly SyncedEntry[];
  readonly dockerfile: SyncedEntry;
  /** BuildKit may take files of an earlier session with the same key for these: it must stand for their contents. */
  readonly sharedKey: string;
}

const method = {
  diffCopy: '/moby.filesync.v1.FileSync/DiffCopy',
  getSecret: '/moby.buildkit.secrets.v1.Secrets/GetSecret',
  checkHealth: '/grpc.health.v1.Health/Check',
};

export const openBuildSession = async (
  offer: SessionOffer,
  connect: (headers: SessionHeaders) => Promise<Duplex>,
): Promise<BuildSession> => {
  const id = randomUUID();
  const socket = await connect({
    Upgrade: 'h2c',
    'X-Docker-Expose-Session-Uuid': id,
    'X-Docker-Expose-Session-Name': 'pointsman',
    'X-Docker-Expose-Session-Sharedkey': offer.sharedKey,
    'X-Docker-Expose-Session-Grpc-Method': [method.diffCopy, method.getSecret],
  });
  const session = performServerHandshake(socket);
  const ended: { failure?: unknown } = {};
  // A broken session shows as the failed build that needed it.
  session.on('error', () => session.destroy());
  session.on('stream', (stream, headers) => {
    const call = new GrpcCall(stream);
    void answer(call, headers, offer).catch((error: unknown) => {
      ended.failure ??= error;
      call.end(grpcStatus.unknown, error instanceof Error ? error.message : String(error));
    });
  });
  const close = (): void => {
    session.destroy();
    socket.destroy();
  };
  return { id, failure: () => ended.failure, close };
};

const answer = async (call: GrpcCall, headers: IncomingHttpHeaders, offer: SessionOffer): Promise<void> => {
  switch (headers[':path']) {
    case method.diffCopy:
      return serveFolder(call, entriesFor(headers, offer));
    case method.getSecret:
      return giveSecret(call, offer.secrets);
    case method.checkHealth:
      call.begin();
      await call.send(encodeNumberField(1, healthServing));
      return call.end(grpcStatus.ok);
    default:
      call.begin();
      return call.end(grpcStatus.unimplemented, 'not served here');
  }
};

const healthServing = 1;
const ignoreFile = '.dockerignore';

const entriesFor = (headers: IncomingHttpHeaders, offer: SessionOffer): readonly SyncedEntry[] => {
  if (headers['dir-name'] === 'dockerfile') return [offer.dockerfile];
  // Asked for before the context itself. What it lists has been left out here already.
  if (headers['followpaths'] === ignoreFile) return offer.context.filter((entry) => entry.path === ignoreFile);
  return offer.context;
};

const giveSecret = async (call: GrpcCall, secrets: Readonly<Record<string, string>>): Promise<void> => {
  call.begin();
  for await (const request of call.messages()) {
    const name = textField(decodeProtobuf(request), 1);
    const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    if (value === undefined) return call.end(grpcStatus.notFound, `no secret ${name}`);
    await call.send(encodeBytesField(1, Buffer.from(value)));
  }
  call.end(grpcStatus.ok);
};
