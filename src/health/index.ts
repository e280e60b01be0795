export { connectionWords } from './connection-words.ts';
export { createHealthMonitor } from './monitor.ts';
export type * from './port.ts';
export { createProbeRunner, lookWithin } from './probe.ts';
export { lookByTcp } from './tcp-probe.ts';
