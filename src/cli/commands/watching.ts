import { Interruption } from '../environment.ts';
import type { Session } from '../session.ts';

/** Runs what only watches: Ctrl-C ends the watching, and says what goes on without it. */
export const watching = async <Result>(session: Session, watch: () => Promise<Result>): Promise<Result> => {
  try {
    return await watch();
  } catch (error) {
    if (error instanceof Interruption) {
      session.output.note('\nStopped watching; it goes on in the supervisor.');
      session.output.note('`pointsman status` shows how far it is, `pointsman down` stops and removes everything.');
    }
    throw error;
  }
};
