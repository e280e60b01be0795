export { writeFileAtomically } from './atomic-file.ts';
export type { Cancel, Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export { withDeadline } from './deadline.ts';
export { EventStream } from './event-stream.ts';
export { KeyedQueue } from './keyed-queue.ts';
export { LineSplitter } from './line-splitter.ts';
export { nameHint, nearestName } from './nearest-name.ts';
export { nodeHttp } from './node-http.ts';
