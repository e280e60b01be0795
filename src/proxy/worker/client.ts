import type { ExchangeContext } from './exchange-context.ts';
import type { Sweeper } from './sweeper.ts';

/** A connection that somebody made, of whatever kind; the worker lives until all have ended. */
export interface Client {
  /** Nothing is known of what it carries: only both its ends know when it may end. */
  readonly isOpaque: boolean;
  /** Nothing new on it: it ends as soon as that costs nobody anything. */
  retire(idleEnds: boolean): void;
  /** File descriptors are scarce: it ends at once if it carries nothing. False if it stays. */
  yieldRoom(): boolean;
}

/** What the connections of a worker share. */
export interface ClientContext extends ExchangeContext {
  readonly sweeper: Sweeper;
  readonly closed: (client: Client) => void;
}
