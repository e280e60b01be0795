import type { Question, ReplicaId } from '../model/index.ts';
import type { AskPorts, Finding } from './port.ts';

/** Waits for a line in the replica's own output, those it has written already included. */
export const askByLog = async (
  { lines }: AskPorts,
  { contains }: Extract<Question, { kind: 'log' }>,
  replica: ReplicaId,
  signal: AbortSignal,
): Promise<Finding> => {
  for await (const { text } of lines(replica, signal)) {
    if (text.includes(contains)) return { ok: true, words: `it wrote: ${text.trim().slice(0, 200)}` };
  }
  return { ok: false, words: `it never wrote "${contains}"` };
};
