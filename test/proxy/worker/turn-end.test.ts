import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Output } from '../../../src/proxy/worker/output.ts';
import { writeWaiting } from '../../../src/proxy/worker/turn-end.ts';
import { SocketPair } from './socket-pair.ts';

let pairs: readonly SocketPair[];

beforeEach(async () => {
  pairs = await Promise.all(Array.from({ length: 150 }, () => SocketPair.open()));
});

afterEach(() => {
  for (const pair of pairs) pair.close();
});

const first = (): SocketPair => {
  const [pair] = pairs;
  if (pair === undefined) throw new Error('no pair');
  return pair;
};

const endOf = async ({ far }: SocketPair): Promise<string> => {
  let text = '';
  for await (const chunk of far) text += String(chunk);
  return text;
};

describe('what is said to a socket', () => {
  it('goes out at the end of the turn, in one piece', async () => {
    const { near } = first();
    const output = new Output(near);
    output.text('one ');
    output.flush();
    output.content(Buffer.from('two'), 0, 3);
    output.flush();
    expect(output.isUnwritten).toBe(true);
    expect(near.bytesWritten).toBe(0);
    expect(String(await first().read(7))).toBe('one two');
    expect(output.isUnwritten).toBe(false);
    expect(output.tookAll).toBe(true);
  });

  it('goes out ahead of what must not overtake it', async () => {
    const { near } = first();
    const output = new Output(near);
    output.text('first');
    output.flush();
    writeWaiting();
    expect(output.isUnwritten).toBe(false);
    near.end(' last');
    expect(await endOf(first())).toBe('first last');
  });

  it('does not go out any more once the socket is given up', async () => {
    const { near } = first();
    const output = new Output(near);
    output.text('a request that goes elsewhere');
    output.flush();
    near.destroy();
    expect(await endOf(first())).toBe('');
  });

  it('reaches everybody, also when more have something to say than may wait', async () => {
    for (const [index, { near }] of pairs.entries()) {
      const output = new Output(near);
      output.text(`to ${index}`);
      output.flush();
    }
    const heard = await Promise.all(pairs.map(async (pair, index) => String(await pair.read(`to ${index}`.length))));
    expect(heard).toEqual(pairs.map((_, index) => `to ${index}`));
  });
});
