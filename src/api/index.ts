export type { Api } from './start-api.ts';
export { startApi } from './start-api.ts';
