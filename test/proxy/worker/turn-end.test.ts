import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { steadyNow } from '../../../src/proxy/worker/clock.ts';
import { Output } from '../../../src/proxy/worker/output.ts';
import { readBuffer, takeAtTurnEnd, takeReads, writeWaiting } from '../../../src/proxy/worker/turn-end.ts';
import type { Reader } from '../../../src/proxy/worker/turn-end.ts';
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

describe('what is read', () => {
  const taken: string[] = [];
  const turnEnd = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

  beforeEach(() => void taken.splice(0));

  const readerOf = (name: string, then = (): void => undefined): Reader => ({
    hasUnread: false,
    read: (buffer, start, end) => {
      taken.push(`${name}: ${buffer.toString('latin1', start, end)}`);
      then();
    },
  });

  /** As a socket does it: always into the same buffer. */
  const comes = (reader: Reader, text: string): void => takeAtTurnEnd(reader, readBuffer.write(text, 'latin1'));

  it('is taken at the end of the turn, in the order it came, whatever was read over it', async () => {
    const one = readerOf('one');
    comes(one, 'a request');
    comes(readerOf('two'), 'another');
    expect(taken).toEqual([]);
    expect(one.hasUnread).toBe(true);
    await turnEnd();
    expect(taken).toEqual(['one: a request', 'two: another']);
    expect(one.hasUnread).toBe(false);
  });

  it('is answered in the same turn', async () => {
    const output = new Output(first().near);
    const answering = readerOf('one', () => {
      output.text('an answer');
      output.flush();
    });
    comes(answering, 'a request');
    await turnEnd();
    expect(output.isUnwritten).toBe(false);
    expect(String(await first().read(9))).toBe('an answer');
  });

  it('is taken ahead of what came after it', () => {
    const one = readerOf('one');
    comes(readerOf('other'), 'x');
    comes(one, 'first');
    comes(one, 'second');
    expect(taken).toEqual(['other: x', 'one: first']);
    takeReads();
    expect(taken).toEqual(['other: x', 'one: first', 'one: second']);
  });

  it('is taken all at one time', async () => {
    const times: number[] = [];
    for (const name of ['one', 'two']) {
      const looking = readerOf(name, () => {
        const begun = performance.now();
        while (performance.now() < begun + 1);
        times.push(steadyNow());
      });
      comes(looking, 'x');
    }
    await turnEnd();
    expect(times[1]).toBe(times[0]);
    expect(steadyNow()).toBeGreaterThan(times[0] ?? 0);
  });

  it('does not wait when it is much', () => {
    const one = readerOf('one');
    comes(one, 'little');
    comes(readerOf('two'), 'x'.repeat(10_000));
    expect(taken).toEqual(['one: little', `two: ${'x'.repeat(10_000)}`]);
  });

  it('is taken early when more has come than may wait', async () => {
    for (let index = 0; index < 150; index += 1) comes(readerOf(`${index}`), 'x'.repeat(2_000));
    expect(taken).toHaveLength(128);
    await turnEnd();
    expect(taken).toEqual(Array.from({ length: 150 }, (_, index) => `${index}: ${'x'.repeat(2_000)}`));
  });

  it('is taken once, also when taking it makes somebody else take what is left', async () => {
    comes(readerOf('one', takeReads), '1');
    comes(readerOf('two'), '2');
    await turnEnd();
    expect(taken).toEqual(['one: 1', 'two: 2']);
  });
});
