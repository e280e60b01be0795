import type { Socket } from 'node:net';
import { nodeUtil } from '../node-util.ts';

/** What Node keeps below `socket.write`. Not documented, so nothing here is relied on: without it the stream writes. */
interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

interface WriteRequest {
  /** Keeps the octets from being collected while libuv writes them. */
  octets: Buffer | undefined;
  oncomplete: ((status: number) => void) | undefined;
}

interface Handle {
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, octets: Buffer): number;
}

const streamBinding = (): StreamBinding | undefined => {
  try {
    const { binding } = process as unknown as { binding: (name: string) => Partial<StreamBinding> };
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = binding('stream_wrap');
    if (WriteWrap === undefined || streamBaseState === undefined || kLastWriteWasAsync === undefined) return undefined;
    return { WriteWrap, streamBaseState, kLastWriteWasAsync };
  } catch {
    return undefined;
  }
};

/** Some of what was written may have gone out: unlike EPIPE at once this does not say that nobody has seen any of it. */
const incompleteWrite = 'INCOMPLETE_WRITE';

const binding = streamBinding();

/**
 * Writes straight to the socket's handle, which spares a small message the whole machinery of streams. What the kernel takes at
 * once is done with; the rest waits in libuv's queue, behind which a later `socket.write` or `end` takes its place.
 */
export class DirectWriter {
  /** Octets that the kernel has not taken yet. */
  waiting = 0;
  readonly #socket: Socket;
  /** TLS takes one write at a time, and its stream knows when the next one may come. */
  readonly #isPlain: boolean;
  #request: WriteRequest | undefined;
  /** The stream has nothing ahead of us and never will: from here on only the handle has to be looked at. */
  isSole = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#isPlain = binding !== undefined && !('encrypted' in socket);
  }

  /** False when this is for the stream to write: it has something of its own ahead, or there is no such handle. */
  text(text: string): boolean {
    const handle = this.#handle();
    if (handle === undefined) return false;
    const request = this.#takeRequest();
    return this.#written(request, handle.writeLatin1String(request, text), text.length, undefined);
  }

  /** `taken` is called as soon as the octets may be overwritten. */
  octets(octets: Buffer, taken: () => void): boolean {
    const handle = this.#handle();
    if (handle === undefined) return false;
    const request = this.#takeRequest();
    request.octets = octets;
    return this.#written(request, handle.writeBuffer(request, octets), octets.length, taken);
  }

  /** Nothing more is written here: the stream ends the socket. */
  end(): void {
    this.isSole = false;
  }

  #handle(): Handle | undefined {
    const socket = this.#socket;
    if (!this.isSole) {
      if (!this.#isPlain || socket.connecting || socket.writableLength > 0 || !socket.writable) return undefined;
      this.isSole = true;
    }
    return (socket as unknown as { readonly _handle: Handle | null })._handle ?? undefined;
  }

  /** A request that was done with at once can serve again. */
  #takeRequest(): WriteRequest {
    if (binding === undefined) throw new Error('no binding to write with');
    return (this.#request ??= new binding.WriteWrap());
  }

  #written(request: WriteRequest, status: number, bytes: number, taken: (() => void) | undefined): boolean {
    if (status !== 0) {
      taken?.();
      this.#fail(status);
    } else if (binding?.streamBaseState[binding.kLastWriteWasAsync] === 1) {
      this.#request = undefined;
      this.waiting += bytes;
      request.oncomplete = (outcome) => {
        taken?.();
        this.#completed(outcome, bytes);
      };
    } else {
      request.octets = undefined;
      taken?.();
    }
    return true;
  }

  #completed(status: number, bytes: number): void {
    this.waiting -= bytes;
    if (this.#socket.destroyed) return;
    if (status !== 0) this.#fail(status, incompleteWrite);
    else if (this.waiting === 0 && !this.#socket.writableNeedDrain) this.#socket.emit('drain');
  }

  /** The same error that the stream would have raised. */
  #fail(status: number, code?: string): void {
    const name = nodeUtil().getSystemErrorName(status);
    this.#socket.destroy(Object.assign(new Error(`write ${name}`), { code: code ?? name }));
  }
}
