import { describe, expect, it } from 'vitest';
import { SharedWork } from '../../src/build/shared-work.ts';

const quiet = (): void => {};
const failing = (): Promise<string> => Promise.reject(new Error('no room'));

/** Work that ends when told, or a moment after it is cancelled. */
const controlled = () => {
  const state = { begun: 0, ended: 0, finish: quiet as (result: string) => void };
  const work = (onProgress: (text: string) => void, signal: AbortSignal): Promise<string> => {
    state.begun += 1;
    onProgress('begun');
    return new Promise((resolve, reject) => {
      state.finish = (result) => {
        onProgress('finishing');
        resolve(result);
      };
      signal.addEventListener('abort', () =>
        setImmediate(() => {
          state.ended += 1;
          reject(new Error('aborted'));
        }),
      );
    });
  };
  return { state, work };
};

describe('work shared by key', () => {
  it('is done once for all who ask meanwhile, and each hears of the progress', async () => {
    const shared = new SharedWork<string, string>();
    const { state, work } = controlled();
    const heard: string[] = [];
    const signal = new AbortController().signal;
    const first = shared.run('a', work, (text) => heard.push(`1 ${text}`), signal);
    const second = shared.run('a', work, (text) => heard.push(`2 ${text}`), signal);
    state.finish('done');
    expect(await Promise.all([first, second])).toEqual([
      { result: 'done', joined: false },
      { result: 'done', joined: true },
    ]);
    expect(state.begun).toBe(1);
    expect(heard).toContain('1 finishing');
    expect(heard).toContain('2 finishing');
  });

  it('goes on when one of two leaves', async () => {
    const shared = new SharedWork<string, string>();
    const { state, work } = controlled();
    const leaver = new AbortController();
    const left = shared.run('a', work, quiet, leaver.signal);
    const stayed = shared.run('a', work, quiet, new AbortController().signal);
    leaver.abort();
    await expect(left).rejects.toMatchObject({ code: 'BUILD_CANCELLED' });
    state.finish('done');
    expect((await stayed).result).toBe('done');
  });

  it('is cancelled when all have left, and the last hears of it after it ended', async () => {
    const shared = new SharedWork<string, string>();
    const { state, work } = controlled();
    const leaver = new AbortController();
    const left = shared.run('a', work, quiet, leaver.signal);
    leaver.abort();
    await expect(left).rejects.toMatchObject({ code: 'BUILD_CANCELLED' });
    expect(state.ended).toBe(1);
  });

  it('is not joined while it is being cancelled, but begun anew', async () => {
    const shared = new SharedWork<string, string>();
    const { state, work } = controlled();
    const leaver = new AbortController();
    const left = shared.run('a', work, quiet, leaver.signal);
    leaver.abort();
    const again = shared.run('a', () => Promise.resolve('new'), quiet, new AbortController().signal);
    await expect(left).rejects.toMatchObject({ code: 'BUILD_CANCELLED' });
    expect(await again).toEqual({ result: 'new', joined: false });
    expect(state.begun).toBe(1);
  });

  it('that fails, fails for all with its own error, and can be tried again', async () => {
    const shared = new SharedWork<string, string>();
    const signal = new AbortController().signal;
    const both = await Promise.allSettled([
      shared.run('a', failing, quiet, signal),
      shared.run('a', failing, quiet, signal),
    ]);
    expect(both.map((one) => one.status === 'rejected' && String(one.reason))).toEqual([
      'Error: no room',
      'Error: no room',
    ]);
    expect((await shared.run('a', () => Promise.resolve('done'), quiet, signal)).result).toBe('done');
  });

  it('ends with everything else at close', async () => {
    const shared = new SharedWork<string, string>();
    const { state, work } = controlled();
    const run = shared.run('a', work, quiet, new AbortController().signal);
    const failed = expect(run).rejects.toMatchObject({ code: 'BUILD_CANCELLED' });
    await shared.close();
    expect(state.ended).toBe(1);
    await failed;
  });

  it('is not begun for who has already cancelled', async () => {
    const shared = new SharedWork<string, string>();
    const { state, work } = controlled();
    await expect(shared.run('a', work, quiet, AbortSignal.abort())).rejects.toMatchObject({ code: 'BUILD_CANCELLED' });
    expect(state.begun).toBe(0);
  });
});
