interface Waiting<Change> {
  readonly change: Change;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * One effect is under way at a time; changes asked for meanwhile go together into the next. When that is refused each of
 * them is tried alone: the others must not suffer for one.
 */
export class GatheredChanges<Change> {
  readonly #effect: (changes: readonly Change[]) => Promise<void>;
  readonly #waiting: Waiting<Change>[] = [];
  #isBusy = false;

  constructor(effect: (changes: readonly Change[]) => Promise<void>) {
    this.#effect = effect;
  }

  /** Resolves when the change has taken effect. Throws what it was refused with. */
  ask(change: Change): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ change, done });
    if (!this.#isBusy) void this.#work();
    return done.promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const together = this.#waiting.splice(0);
      if (!(await this.#try(together)) && together.length > 1) {
        for (const one of together) await this.#try([one], true);
      }
    }
    this.#isBusy = false;
  }

  /** Returns false when they were refused; who is on the last try is told so. */
  async #try(together: readonly Waiting<Change>[], isLastTry = together.length === 1): Promise<boolean> {
    try {
      await this.#effect(together.map(({ change }) => change));
      for (const { done } of together) done.resolve();
      return true;
    } catch (error) {
      if (isLastTry) for (const { done } of together) done.reject(error);
      return false;
    }
  }
}
