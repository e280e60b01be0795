import { disagreement, isIncomparable, isSame } from './compare.ts';
import { readByLlhttp, stopped } from './llhttp.ts';
import { requestsFrom, responsesFrom } from './messages.ts';
import { mutated } from './mutation.ts';
import { readByUs } from './ours.ts';
import { Random } from './random.ts';
import type { Input, Reading } from './reading.ts';
import { shrunk } from './shrink.ts';

export type Reader = (input: Input, places?: readonly number[]) => Reading;

export interface FuzzOptions {
  readonly kind: Input['kind'];
  readonly inputs: number;
  readonly seed: number;
  /** Number of the first input. */
  readonly from: number;
  readonly seeds: readonly string[];
  /** Whom to compare with llhttp; the proxy's codec unless told. */
  readonly reader?: Reader;
  readonly progress?: (inputs: number) => void;
}

export interface Finding {
  readonly input: number;
  readonly kind: Input['kind'];
  readonly what: string;
  /** Shrunk; latin1. */
  readonly bytes: string;
  readonly toHead: boolean;
  readonly ours: Reading;
  readonly theirs: Reading;
  /** How often the same was seen. */
  times: number;
}

export interface FuzzResult {
  readonly inputs: number;
  /** Messages that we accepted whole, all of which llhttp read the same way unless there are findings. */
  readonly accepted: number;
  /** Inputs of which we refused something. */
  readonly refused: number;
  /** Messages with a method that llhttp does not know. */
  readonly incomparable: number;
  readonly findings: readonly Finding[];
}

export const fuzz = (options: FuzzOptions): FuzzResult => new Fuzz(options).run();

const progressEvery = 100_000;

class Fuzz {
  readonly #options: FuzzOptions;
  readonly #read: Reader;
  readonly #findings = new Map<string, Finding>();
  readonly #buffer = Buffer.alloc(1_000_000);
  #accepted = 0;
  #refused = 0;
  #incomparable = 0;

  constructor(options: FuzzOptions) {
    this.#options = options;
    this.#read = options.reader ?? readByUs;
  }

  run(): FuzzResult {
    const { from, inputs, progress } = this.#options;
    for (let number = from; number < from + inputs; number += 1) {
      this.#try(number);
      if (progress !== undefined && (number - from + 1) % progressEvery === 0) progress(number - from + 1);
    }
    return {
      inputs,
      accepted: this.#accepted,
      refused: this.#refused,
      incomparable: this.#incomparable,
      findings: [...this.#findings.values()],
    };
  }

  #try(number: number): void {
    const random = new Random(this.#options.seed, number);
    const text = this.#text(random);
    const input = this.#input(text, random.once(4));
    const ours = this.#read(input);
    const theirs = readByLlhttp(input);
    this.#count(ours, theirs);
    const what = this.#compared(input, ours, theirs) ?? this.#inPieces(input, ours, random);
    if (what !== undefined) this.#found(number, what, text, input.toHead);
  }

  #text(random: Random): string {
    const { kind, seeds } = this.#options;
    if (random.once(2)) return mutated(random, seeds);
    return kind === 'request' ? requestsFrom(random) : responsesFrom(random);
  }

  #input(text: string, toHead: boolean): Input {
    const length = this.#buffer.write(text, 'latin1');
    const { kind } = this.#options;
    return { kind, bytes: this.#buffer.subarray(0, length), toHead: kind === 'response' && toHead };
  }

  #count(ours: Reading, theirs: Reading): void {
    for (const message of ours.messages) if (message.isComplete) this.#accepted += 1;
    if (ours.end === 'refused') this.#refused += 1;
    const next = ours.messages[theirs.messages.length];
    if (next !== undefined && isIncomparable(next, theirs)) this.#incomparable += 1;
  }

  /**
   * llhttp reads nothing behind a request to upgrade, also where we don't offer that protocol and read the request as any
   * other. Then the same octets are compared without that word.
   */
  #compared(input: Input, ours: Reading, theirs: Reading): string | undefined {
    if (theirs.fault !== stopped) return disagreement(input, ours, theirs);
    const other = {
      ...input,
      bytes: Buffer.from(input.bytes.toString('latin1').replaceAll(/upgrade/gi, 'upgradx'), 'latin1'),
    };
    return disagreement(other, this.#read(other), readByLlhttp(other));
  }

  /** Every other input in a few pieces, some short ones octet by octet. */
  #inPieces(input: Input, ours: Reading, random: Random): string | undefined {
    const { length } = input.bytes;
    if (length < 400 && random.once(16)) return this.#differs(input, ours, everyPlace(length));
    if (length === 0 || random.once(2)) return undefined;
    const cuts = [random.below(length), random.below(length)].toSorted((one, other) => one - other);
    return this.#differs(input, ours, [...cuts, length]);
  }

  #differs(input: Input, ours: Reading, places: readonly number[]): string | undefined {
    return isSame(ours, this.#read(input, places)) ? undefined : 'the same octets in other pieces';
  }

  #found(number: number, what: string, text: string, toHead: boolean): void {
    const known = this.#findings.get(what);
    if (known !== undefined) {
      known.times += 1;
      return;
    }
    const bytes = shrunk(text, (candidate) => this.#isStill(what, this.#input(candidate, toHead)));
    const input = this.#input(bytes, toHead);
    const ours = this.#read(input);
    const { kind } = this.#options;
    this.#findings.set(what, { input: number, kind, what, bytes, toHead, ours, theirs: readByLlhttp(input), times: 1 });
  }

  #isStill(what: string, input: Input): boolean {
    const ours = this.#read(input);
    const seen = this.#compared(input, ours, readByLlhttp(input));
    return (seen ?? this.#differs(input, ours, everyPlace(input.bytes.length))) === what;
  }
}

const everyPlace = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);
