import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { takePort } from '../../../src/engine/process/runner/free-port.ts';

/** Where no replica of a test that runs beside this one gets its port. */
const range = { first: 10_000 + Math.floor(Math.random() * 8000), count: 4 };
const file = resolve('src/engine/process/runner/free-port.ts');
const fromAnotherRunner = async (): Promise<string> => {
  const script = `const { takePort } = await import(${JSON.stringify(file)});
    console.log(await takePort(${JSON.stringify(range)}).then(({ port }) => port, ({ message }) => message));`;
  return (await execa(process.execPath, ['--input-type=module', '-e', script])).stdout;
};

it.skipIf(process.platform !== 'linux')(
  'a port belongs to one replica, also of all projects on the machine, before it listens and until it has ended',
  async () => {
    const other = createServer().listen(range.first, '127.0.0.1');
    await once(other, 'listening');
    const taken = await Promise.all([takePort(range), takePort(range), takePort(range)]);
    expect(new Set(taken.map(({ port }) => port - range.first))).toEqual(new Set([1, 2, 3]));
    await expect(takePort(range)).rejects.toThrow('no free port');
    expect(await fromAnotherRunner()).toContain('no free port');
    taken[1]?.release();
    expect(await fromAnotherRunner()).toBe(String(taken[1]?.port));
    expect((await takePort(range)).port).toBe(taken[1]?.port);
    other.close();
  },
);
