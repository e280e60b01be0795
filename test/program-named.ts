import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a program lies, by its name in PATH or in one of these folders besides. */
export const programNamed = (name: string, ...folders: readonly string[]): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), ...folders].map((folder) => join(folder, name)).find(isExecutable);

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
