/** Made of what comes many times in a row: the one made last is kept until something else is asked for. */
export class Latest<Key extends string | number, Made> {
  readonly #make: (key: Key) => Made;
  #key: Key | undefined;
  #made: Made | undefined;

  constructor(make: (key: Key) => Made) {
    this.#make = make;
  }

  of(key: Key): Made {
    if (key !== this.#key || this.#made === undefined) {
      this.#key = key;
      this.#made = this.#make(key);
    }
    return this.#made;
  }
}
