import { afterEach, beforeEach, expect, it } from 'vitest';
import { KeptRequest } from '../../../src/proxy/worker/kept-request.ts';
import { Output } from '../../../src/proxy/worker/output.ts';
import { SocketPair } from './socket-pair.ts';

const head = 'POST / HTTP/1.1\r\nHost: a\r\n\r\n';
let pair: SocketPair;

beforeEach(async () => {
  pair = await SocketPair.open();
});

afterEach(() => pair.close());

/** What is kept of these pieces, sent over a connection of its own. */
const send = async (kept: KeptRequest, length: number): Promise<string> => {
  const own = await SocketPair.open();
  const output = new Output(own.near);
  kept.writeTo(output);
  output.flush();
  const received = await own.read(length);
  own.close();
  return received.toString('latin1');
};

it.each([
  ['small', [100, 7]],
  ['of 16 KB', [16_384]],
  ['that grows out of its text', [4_000, 200, 30_000]],
  ['that grows out of its first buffer', [60_000, 60_000, 1]],
])('a request %s goes out whole, as often as it has to', async (_name, lengths) => {
  const kept = new KeptRequest(head);
  let whole = head;
  for (const [index, length] of lengths.entries()) {
    const content = Buffer.alloc(length + 2, 0x61 + index);
    kept.text(`${length.toString(16)}\r\n`);
    kept.content(content, 1, length + 1);
    kept.text('\r\n');
    whole += `${length.toString(16)}\r\n${content.toString('latin1', 1, length + 1)}\r\n`;
  }
  expect(await send(kept, whole.length)).toBe(whole);
  expect(await send(kept, whole.length)).toBe(whole);
  kept.release();
});

it('its memory serves the next request only after it was written', async () => {
  const output = new Output(pair.near);
  const expected: Buffer[] = [];
  // More than the kernel takes: what was released is still waiting to be written.
  for (let number = 0; number < 200; number += 1) {
    const content = Buffer.alloc(60_000, number);
    const kept = new KeptRequest(head);
    kept.content(content, 0, content.length);
    kept.writeTo(output);
    kept.release();
    expected.push(Buffer.from(head), content);
  }
  const whole = Buffer.concat(expected);
  expect(whole.equals(await pair.read(whole.length))).toBe(true);
});
