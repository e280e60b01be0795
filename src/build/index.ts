export { createBuilder } from './builder.ts';
export type * from './port.ts';
