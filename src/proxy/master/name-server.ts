import { createSocket } from 'node:dgram';
import type { Socket as DatagramSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { once } from 'node:events';
import type { Address, NameZone } from '../../model/index.ts';
import { answerQuery } from './name-answer.ts';

/** A resolver that keeps its connection but asks nothing. */
const silenceMs = 10_000;
const mostConnections = 64;

/** Answers for the private names of one network, by UDP and, where an answer is long, by TCP. */
export class NameServer {
  readonly #address: Address;
  readonly #udp: DatagramSocket;
  readonly #tcp: Server;
  #zone: NameZone | undefined;

  constructor(address: Address) {
    this.#address = address;
    this.#udp = createSocket('udp4');
    this.#tcp = createServer((socket) => this.#connected(socket));
    this.#tcp.maxConnections = mostConnections;
    this.#udp.on('message', (query, { address: asker, port }) => {
      const answer = answerQuery(query, this.#zone, { address: asker, transport: 'udp' });
      if (answer !== undefined) this.#udp.send(answer, port, asker);
    });
  }

  /** Throws the system's error when the address can't be had. */
  async open(): Promise<void> {
    const { host, port } = this.#address;
    try {
      this.#udp.bind({ address: host, port, exclusive: true });
      await once(this.#udp, 'listening');
      this.#tcp.listen({ host, port, exclusive: true });
      await once(this.#tcp, 'listening');
    } catch (error) {
      this.close();
      throw error;
    }
    for (const socket of [this.#udp, this.#tcp]) {
      socket.on('error', (error: Error) => console.error(`names at ${host}:${port}: ${error.message}`));
    }
  }

  /** From here on every answer comes from this zone. */
  serve(zone: NameZone): void {
    this.#zone = zone;
  }

  close(): void {
    this.#udp.removeAllListeners('message');
    this.#udp.close();
    this.#tcp.close();
  }

  /** RFC 1035 4.2.2: each message has its length in front. */
  #connected(socket: Socket): void {
    let received: Buffer = Buffer.alloc(0);
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0);
        this.#answer(socket, received.subarray(2, 2 + length));
        received = received.subarray(2 + length);
      }
    });
  }

  #answer(socket: Socket, query: Buffer): void {
    const answer = answerQuery(query, this.#zone, { address: socket.remoteAddress ?? '', transport: 'tcp' });
    if (answer === undefined) {
      socket.destroy();
      return;
    }
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    socket.write(Buffer.concat([length, answer]));
  }
}
