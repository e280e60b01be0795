import { LineSplitter } from '../../lib/index.ts';
import type { BuildLog } from './build-log.ts';
import type { ProtobufFields } from './protobuf.ts';
import { bytesField, decodeProtobuf, messageFields, textField } from './protobuf.ts';

/** Fields of BuildKit's StatusResponse (api/services/control/control.proto). */
const status = { vertexes: 1, logs: 3 };
const vertexField = { digest: 1, name: 3, cached: 4, started: 5, error: 7 };
const logField = { vertex: 1, stream: 3, message: 4 };

/** Steps that no line of the Dockerfile asked for. */
const ownBusiness = /^\[internal\]|^http:\/\/buildkit-session|^copy \/context \/$/;

/** Reads BuildKit's trace, a vertex being a step of the build, into a log. */
export class BuildkitTrace {
  readonly #log: BuildLog;
  readonly #splitters = new Map<string, LineSplitter>();

  constructor(log: BuildLog) {
    this.#log = log;
  }

  /** One `moby.buildkit.trace` message. */
  push(encoded: string): void {
    const fields = decodeProtobuf(Buffer.from(encoded, 'base64'));
    for (const vertex of messageFields(fields, status.vertexes)) this.#vertex(vertex);
    for (const log of messageFields(fields, status.logs)) this.#text(log);
  }

  end(): void {
    for (const splitter of this.#splitters.values()) splitter.end();
  }

  #vertex(vertex: ProtobufFields): void {
    const digest = textField(vertex, vertexField.digest);
    const name = textField(vertex, vertexField.name);
    const isCached = vertex.get(vertexField.cached)?.at(-1) === 1;
    const isOwnBusiness = ownBusiness.test(name);
    if (vertex.has(vertexField.started) && !isOwnBusiness) this.#log.step(digest, isCached ? `${name} (cached)` : name);
    if (textField(vertex, vertexField.error) !== '') this.#log.failed(digest);
  }

  /** Standard output and error arrive in pieces of their own. */
  #text(log: ProtobufFields): void {
    const digest = textField(log, logField.vertex);
    const key = `${digest} ${String(log.get(logField.stream)?.at(-1))}`;
    const splitter = this.#splitters.get(key) ?? new LineSplitter((line) => this.#log.line(line, digest), 4000);
    this.#splitters.set(key, splitter);
    splitter.push(bytesField(log, logField.message));
  }
}
