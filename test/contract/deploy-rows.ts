import type { Change } from '../../src/control/store/index.ts';
import { PointsmanError } from '../../src/model/index.ts';

export const deploy = (id: string, cause = 'by hand'): Change => ({
  table: 'deploys',
  key: id,
  row: { id, at: 1, cause },
});

export const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'no error';
  } catch (error) {
    return error instanceof PointsmanError ? error.code : String(error);
  }
};
