import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectWriter } from '../../../src/proxy/worker/direct-write.ts';
import { Output } from '../../../src/proxy/worker/output.ts';
import { SocketPair } from './socket-pair.ts';

let pair: SocketPair;
let writer: DirectWriter;

beforeEach(async () => {
  pair = await SocketPair.open();
  writer = new DirectWriter(pair.near);
});

afterEach(() => pair.close());

/** Pieces of 64 KB, each of its own letter, until the kernel takes no more. */
const fill = (taken: (piece: number) => void): Buffer => {
  const pieces: Buffer[] = [];
  while (writer.waiting === 0) {
    const number = pieces.length;
    const piece = Buffer.alloc(65_536, 0x61 + (number % 26));
    pieces.push(piece);
    expect(writer.octets(piece, () => taken(number))).toBe(true);
  }
  return Buffer.concat(pieces);
};

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

describe('writing past the stream', () => {
  it('is done at once while the kernel takes it', async () => {
    let taken = 0;
    expect(writer.text('hello ')).toBe(true);
    expect(writer.octets(Buffer.from('world'), () => (taken += 1))).toBe(true);
    expect(writer.waiting).toBe(0);
    expect(taken).toBe(1);
    expect((await pair.read(11)).toString()).toBe('hello world');
  });

  it('keeps what the kernel did not take until a peer that had stopped reads on', async () => {
    const taken = new Set<number>();
    const sent = fill((piece) => taken.add(piece));
    const pieces = sent.length / 65_536;
    expect(taken.size).toBe(pieces - 1); // the last one may not be overwritten yet
    expect(writer.text('the end')).toBe(true);
    collectGarbage();
    const drained = once(pair.near, 'drain');
    const received = await pair.read(sent.length + 7);
    await drained;
    expect(received.subarray(0, sent.length).equals(sent)).toBe(true);
    expect(received.subarray(sent.length).toString()).toBe('the end');
    expect(writer.waiting).toBe(0);
    expect(taken.size).toBe(pieces);
  });

  it('lets an end of the stream come behind what waits', async () => {
    const sent = fill(() => undefined);
    pair.near.end();
    const received = await pair.read(sent.length);
    expect(received.equals(sent)).toBe(true);
    if (!pair.far.readableEnded) await once(pair.far, 'end');
  });

  it('raises the error of the system when the peer is gone, and lets go of the octets', async () => {
    const failed = new Promise((resolve) => pair.near.once('error', resolve));
    pair.far.resetAndDestroy();
    let taken = 0;
    let written = 0;
    while (!pair.near.destroyed) {
      if (!writer.octets(Buffer.from('x'), () => (taken += 1))) break;
      written += 1;
      await new Promise(setImmediate);
    }
    expect(await failed).toHaveProperty('message', expect.stringMatching(/ECONNRESET|EPIPE/));
    expect(taken).toBe(written);
  });
});

describe('where the stream has to write', () => {
  it('says so while the socket is not connected', async () => {
    const address = pair.far.address() as AddressInfo;
    const socket = connect(address.port, '127.0.0.1');
    socket.on('error', () => undefined);
    expect(new DirectWriter(socket).text('early')).toBe(false);
    socket.destroy();
  });

  it('says so when there is no handle to write to', () => {
    Object.defineProperty(pair.near, '_handle', { value: null });
    expect(writer.text('x')).toBe(false);
  });

  it('stays behind what the stream has not written yet', async () => {
    const ahead = Buffer.alloc(32 * 1_048_576, 'a');
    pair.near.write(ahead);
    expect(writer.text('behind')).toBe(false);
    const output = new Output(pair.near);
    output.text('behind');
    expect(output.flush()).toBe(false);
    const received = await pair.read(ahead.length + 6);
    expect(received.subarray(ahead.length).toString()).toBe('behind');
  });

  it('leaves TLS to its stream', () => {
    const encrypted = Object.assign(pair.near, { encrypted: true });
    expect(new DirectWriter(encrypted).text('x')).toBe(false);
  });
});
