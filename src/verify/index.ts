export { createAsk } from './ask.ts';
export { runCheck } from './check.ts';
export type { Ask, CheckTarget, Finding } from './port.ts';
