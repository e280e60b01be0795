import type { Cancel, Clock } from '../lib/index.ts';
import type { NewEvent } from '../model/index.ts';
import type { ProxyLink } from '../traffic/index.ts';

export interface LostRecordsParts {
  readonly proxy: Pick<ProxyLink, 'onLedger'>;
  readonly clock: Clock;
  readonly onEvent: (event: NewEvent) => void;
}

/** A supervisor that can't keep up loses records all the time; nobody has to hear of it ten times a second. */
const betweenEventsMs = 60_000;

/** Requests whose records never came, of all environments behind the proxy: they were answered as any other, but nothing here knows how. */
export class LostRecords {
  /** Since this supervisor began. */
  count = 0;
  readonly #parts: LostRecordsParts;
  #untold = 0;
  #cancel: Cancel | undefined;

  constructor(parts: LostRecordsParts) {
    this.#parts = parts;
    parts.proxy.onLedger((_records, lost) => this.#note(lost));
  }

  close(): void {
    this.#cancel?.();
  }

  #note(lost: number): void {
    this.count += lost;
    this.#untold += lost;
    if (this.#cancel === undefined) this.#tell();
  }

  /** At once, and what follows together. */
  #tell(): void {
    const { clock, onEvent } = this.#parts;
    this.#cancel = undefined;
    if (this.#untold === 0) return;
    onEvent({ severity: 'warning', reason: 'RecordsLost', message: wordsOf(this.#untold) });
    this.#untold = 0;
    this.#cancel = clock.after(betweenEventsMs, () => this.#tell());
  }
}

const wordsOf = (lost: number): string =>
  `the records of ${lost} request${lost === 1 ? '' : 's'} never came: they were answered like all others, but no new version is judged by them`;
