import type { GrpcCall } from './grpc-call.ts';
import { grpcStatus } from './grpc-call.ts';
import { decodeProtobuf, encodeBytesField, encodeNumberField, numberField } from './protobuf.ts';

/** One entry of a folder that BuildKit reads from us. */
export interface SyncedEntry {
  readonly path: string;
  /** Permissions. */
  readonly mode: number;
  readonly kind: 'file' | 'folder' | 'link';
  readonly size: number;
  readonly target: string;
  content(): AsyncIterable<Buffer>;
}

/** fsutil's Packet (types/wire.proto) and Stat (types/stat.proto). */
const packetType = { stat: 0, request: 1, data: 2, end: 3 };
const packetField = { type: 1, stat: 2, id: 3, data: 4 };
const statField = { path: 1, mode: 2, size: 5, modified: 6, target: 7 };

/** Always the same, in nanoseconds: a layer depends on contents, not on when somebody checked them out. */
const modified = Date.UTC(2000, 0, 1) * 1_000_000;

/** Sent at a time. gRPC refuses messages of more than a few megabytes. */
const statsAtOnce = 200;
const bytesAtOnce = 64 * 1024;

/** Serves one DiffCopy call: describes every entry in order, then sends the contents that are asked for, until told that it is all. */
export const serveFolder = async (call: GrpcCall, entries: readonly SyncedEntry[]): Promise<void> => {
  call.begin();
  for (let from = 0; from < entries.length; from += statsAtOnce) {
    await call.send(...entries.slice(from, from + statsAtOnce).map(statPacket));
  }
  await call.send(packet(packetType.stat));
  for await (const message of call.messages()) {
    const fields = decodeProtobuf(message);
    const type = numberField(fields, packetField.type);
    if (type === packetType.request) await sendContent(call, entries, numberField(fields, packetField.id));
    if (type === packetType.end) {
      await call.send(packet(packetType.end));
      break;
    }
  }
  call.end(grpcStatus.ok);
};

const sendContent = async (call: GrpcCall, entries: readonly SyncedEntry[], id: number): Promise<void> => {
  const entry = entries[id];
  if (entry === undefined) throw new Error(`the engine asked for entry ${id} of ${entries.length}`);
  const numbered = encodeNumberField(packetField.id, id);
  // The last piece travels with the sign that it is the last: most files are one piece.
  let held: Buffer | undefined;
  for await (const content of entry.content()) {
    for (let from = 0; from < content.length; from += bytesAtOnce) {
      if (held !== undefined) await call.send(held);
      const bytes = content.subarray(from, from + bytesAtOnce);
      held = packet(packetType.data, numbered, encodeBytesField(packetField.data, bytes));
    }
  }
  const last = packet(packetType.data, numbered);
  await (held === undefined ? call.send(last) : call.send(held, last));
};

const statPacket = (entry: SyncedEntry): Buffer =>
  packet(
    packetType.stat,
    encodeBytesField(
      packetField.stat,
      Buffer.concat([
        encodeBytesField(statField.path, Buffer.from(entry.path)),
        encodeNumberField(statField.mode, goFileMode(entry)),
        encodeNumberField(statField.size, entry.size),
        encodeNumberField(statField.modified, modified),
        encodeBytesField(statField.target, Buffer.from(entry.target)),
      ]),
    ),
  );

const packet = (type: number, ...fields: readonly Buffer[]): Buffer =>
  Buffer.concat([encodeNumberField(packetField.type, type), ...fields]);

/** Go keeps the kind and the special bits elsewhere than Unix does. */
const goFileMode = ({ mode, kind }: SyncedEntry): number =>
  (mode & 0o777) +
  (kind === 'folder' ? 2 ** 31 : 0) +
  (kind === 'link' ? 2 ** 27 : 0) +
  ((mode & 0o4000) === 0 ? 0 : 2 ** 23) +
  ((mode & 0o2000) === 0 ? 0 : 2 ** 22) +
  ((mode & 0o1000) === 0 ? 0 : 2 ** 20);
