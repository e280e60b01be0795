export { lockStateFolder } from './folder-lock.ts';
export type * from './rows.ts';
export { openStateFile } from './sqlite-file.ts';
export type { StateFile } from './state-file.ts';
export { StateStore } from './state-store.ts';
