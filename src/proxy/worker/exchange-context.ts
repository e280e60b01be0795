import type { Holding } from './holding.ts';
import type { Ledger } from './ledger.ts';
import type { Switchboard } from './switchboard.ts';

/** What every exchange of a worker shares. */
export interface ExchangeContext {
  readonly switchboard: Switchboard;
  readonly holding: Holding;
  readonly ledger: Ledger;
  readonly nextRequestId: () => string;
  /** File descriptors have run out: closes clients' idle connections. */
  readonly makeRoom: () => void;
}
