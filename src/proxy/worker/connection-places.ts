import type { ConnectionLimits } from '../../model/index.ts';
import type { WantedPlace } from '../messages.ts';

/** Stands for a connection in the counts of its listener and its address. */
export interface Place {
  readonly number: number;
  /** Clients that came of the connection: a handshake, and then who it led to. */
  holders: number;
  isLeft: boolean;
}

/** What goes to the master: places that are wanted, and places that became free. */
type Ask = (wanted: readonly WantedPlace[], left: readonly number[]) => void;

/**
 * Asks for a place for each connection where a listener has caps: only the master knows what all workers have. Once per turn
 * for all that came in it, and never where nothing is limited.
 */
export class ConnectionPlaces {
  readonly #ask: Ask;
  readonly #answers = new Map<number, (place: Place | undefined) => void>();
  #wanted: WantedPlace[] = [];
  #left: number[] = [];
  #last = 0;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** How many connections wait for an answer. */
  get waiting(): number {
    return this.#answers.size;
  }

  /** `answer` gets undefined when it would be one too many. */
  want(
    listener: string,
    address: string,
    { connections, connectionsPerAddress }: ConnectionLimits,
    answer: (place: Place | undefined) => void,
  ): void {
    this.#last += 1;
    this.#answers.set(this.#last, answer);
    this.#askSoon();
    this.#wanted.push({ place: this.#last, listener, address, connections, connectionsPerAddress });
  }

  answered(granted: readonly number[], refused: readonly number[]): void {
    for (const number of granted) this.#take(number)?.({ number, holders: 0, isLeft: false });
    for (const number of refused) this.#take(number)?.(undefined);
  }

  /** Nobody holds it any more. */
  leave(place: Place): void {
    if (place.holders > 0 || place.isLeft) return;
    place.isLeft = true;
    this.#askSoon();
    this.#left.push(place.number);
  }

  #take(number: number): ((place: Place | undefined) => void) | undefined {
    const answer = this.#answers.get(number);
    this.#answers.delete(number);
    return answer;
  }

  #askSoon(): void {
    if (this.#wanted.length > 0 || this.#left.length > 0) return;
    setImmediate(() => {
      const [wanted, left] = [this.#wanted, this.#left];
      this.#wanted = [];
      this.#left = [];
      this.#ask(wanted, left);
    });
  }
}

export const hasCaps = (limits: ConnectionLimits | undefined): limits is ConnectionLimits =>
  limits?.connections !== undefined || limits?.connectionsPerAddress !== undefined;
