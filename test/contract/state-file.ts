import { describe, expect, it } from 'vitest';

import type { StateFile } from '../../src/control/store/index.ts';
import { codeOf, deploy } from './deploy-rows.ts';

export interface StateFileStage {
  /** Opens the same state anew, as a supervisor after this one would. */
  readonly open: () => StateFile;
  /** Until `free` nothing can be written. */
  readonly fill: () => void;
  readonly free: () => void;
}

const causesIn = (file: StateFile): readonly string[] =>
  [...file.read().deploys.values()].map(({ id, cause }) => `${id} ${cause}`);

/** What every file behind the state must do. */
export const stateFileContract = (name: string, stage: () => StateFileStage): void => {
  describe(`the state in ${name}`, () => {
    it('is empty at first', () => {
      const file = stage().open();
      expect(causesIn(file)).toEqual([]);
      file.close();
    });

    it('is there after its writer is gone without a word, in the order of its first writing', () => {
      const { open } = stage();
      const first = open();
      first.write([deploy('a'), deploy('b'), deploy('c')]);
      first.write([deploy('a', 'changed'), { table: 'deploys', key: 'b', row: undefined }]);
      const second = open();
      expect(causesIn(second)).toEqual(['a changed', 'c by hand']);
      first.close();
      second.close();
    });

    it('is written whole or not at all', () => {
      const { open, fill, free } = stage();
      const file = open();
      file.write([deploy('before')]);
      fill();
      expect(codeOf(() => file.write([deploy('one'), deploy('two')]))).toBe('STATE_WRITE_FAILED');
      free();
      expect(causesIn(file)).toEqual(['before by hand']);
      file.write([deploy('after')]);
      expect(causesIn(file)).toEqual(['before by hand', 'after by hand']);
      file.close();
    });

    it('can be closed twice', () => {
      const file = stage().open();
      file.close();
      expect(codeOf(() => file.close())).toBe('no error');
    });
  });
};
