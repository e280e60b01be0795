import { CompiledAnswer } from './edge-answer.ts';

const answer = (status: number, body: string): CompiledAnswer => new CompiledAnswer({ status, headers: {}, body });

/** What requests get that went beyond a limit: the pool's, or our own. */
export const tooLarge = answer(413, 'the request is larger than allowed\n');
export const headTooLarge = answer(431, 'the head of the request is larger than allowed\n');
export const uploadTooLong = answer(408, 'the request took too long to come\n');
export const tooLate = answer(504, 'the application did not answer in time (request {{requestId}})\n');
export const overloaded = answer(503, 'too many connections\n');
