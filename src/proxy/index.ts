export { parseCommandLine } from './command-line.ts';
export { runProxy } from './run-proxy.ts';
