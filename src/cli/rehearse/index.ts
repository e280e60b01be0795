export { rehearse } from './rehearse.ts';
export type { RehearseOptions } from './report-files.ts';
