export type IdStep =
  | { readonly kind: 'next' }
  | { readonly kind: 'lost'; readonly count: number }
  /** Went back, or stayed: the stream began anew instead of going on. */
  | { readonly kind: 'restarted' };

/** So many steps by one make a stream one whose ids are consecutive. */
const stepsToTrust = 2;

/**
 * Tells from a stream's ids whether events are missing. Only of streams whose ids count up by one, which is learnt from
 * their first events: of others (time stamps, random ids) nothing can be said, and nothing is.
 */
export class EventIds {
  #last: number | undefined;
  #stepsByOne = 0;
  #consecutive: boolean | undefined;

  step(id: string): IdStep {
    const last = this.#last;
    const number = /^\d{1,15}$/.test(id) ? Number(id) : undefined;
    if (number === undefined || this.#consecutive === false) {
      this.#consecutive = false;
      return { kind: 'next' };
    }
    this.#last = number;
    if (last === undefined) return { kind: 'next' };
    if (number === last + 1) {
      this.#stepsByOne += 1;
      if (this.#stepsByOne >= stepsToTrust) this.#consecutive = true;
      return { kind: 'next' };
    }
    if (this.#consecutive === undefined) {
      this.#consecutive = false;
      return { kind: 'next' };
    }
    return number > last ? { kind: 'lost', count: number - last - 1 } : { kind: 'restarted' };
  }
}
