export type { Interrupts } from './environment.ts';
export { Interruption } from './environment.ts';
export { createProgram } from './program.ts';
export { runCli } from './run-cli.ts';
