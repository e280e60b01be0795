export type * from './api.ts';
export type * from './proxy.ts';
export type * from './proxy-operator.ts';
export { environmentHeader } from './environment-header.ts';
export type { ProxyFolder } from './proxy-folder.ts';
export { proxyFolder } from './proxy-folder.ts';
export type { RecordBatch } from './record-batch.ts';
export { nothing, readRecords } from './record-batch.ts';
