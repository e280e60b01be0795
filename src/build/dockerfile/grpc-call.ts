import type { ServerHttp2Stream } from 'node:http2';

/** gRPC's own numbers. */
export const grpcStatus = { ok: 0, unknown: 2, notFound: 5, unimplemented: 12 };

/** A message on the wire: one byte that says whether it is compressed, four for its length, itself. */
const frameHead = 5;

/** One call that the engine makes on a session of ours. */
export class GrpcCall {
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
    // Seen by whoever reads or writes; unheard it would end the process.
    stream.on('error', () => stream.close());
  }

  async *messages(): AsyncGenerator<Buffer> {
    let rest: Buffer = Buffer.alloc(0);
    // Who has heard enough still has an answer to give.
    for await (const chunk of this.#stream.iterator({ destroyOnReturn: false })) {
      rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      while (rest.length >= frameHead && rest.length >= frameHead + rest.readUInt32BE(1)) {
        const end = frameHead + rest.readUInt32BE(1);
        yield rest.subarray(frameHead, end);
        rest = rest.subarray(end);
      }
    }
  }

  /** Must come before what is sent. */
  begin(): void {
    this.#stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  }

  /** Returns once the connection took them, so that memory stays bounded. */
  send(...messages: readonly Buffer[]): Promise<void> {
    const frames = Buffer.concat(messages.flatMap((message) => [frameHeadOf(message), message]));
    return new Promise((resolve, reject) => {
      this.#stream.write(frames, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }

  end(status: number, message = ''): void {
    if (this.#stream.destroyed) return;
    const trailers = { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(message) };
    this.#stream.once('wantTrailers', () => this.#stream.sendTrailers(trailers));
    this.#stream.end();
  }
}

const frameHeadOf = (message: Buffer): Buffer => {
  const head = Buffer.alloc(frameHead);
  head.writeUInt32BE(message.length, 1);
  return head;
};
