import { stripVTControlCharacters } from 'node:util';
import type { BuildProgress } from '../port.ts';

/** Lines of a failed step that are shown. */
const shownLines = 30;

/** What a build said, by step, and which step failed. Progress goes out as it comes; only last lines are kept. */
export class BuildLog {
  readonly #onProgress: (progress: BuildProgress) => void;
  readonly #steps = new Map<string, { readonly name: string; readonly lines: string[] }>();
  #last: string | undefined;
  #failed: string | undefined;

  constructor(onProgress: (progress: BuildProgress) => void) {
    this.#onProgress = onProgress;
  }

  step(id: string, name: string): void {
    if (this.#steps.has(id)) return;
    this.#steps.set(id, { name, lines: [] });
    this.#last = id;
    this.#onProgress({ kind: 'step', text: name });
  }

  /** Without a step: of the last one. */
  line(text: string, id: string | undefined = this.#last): void {
    const plain = withoutControl(text);
    if (plain === '') return;
    this.#onProgress({ kind: 'line', text: plain });
    const lines = this.#steps.get(id ?? '')?.lines;
    lines?.push(plain);
    if (lines !== undefined && lines.length > shownLines) lines.shift();
  }

  failed(id: string): void {
    this.#failed ??= id;
  }

  /** The failed step, or else the last one, with its last lines. */
  tail(): readonly string[] {
    const step = this.#steps.get(this.#failed ?? this.#last ?? '');
    return step === undefined ? [] : [step.name, ...step.lines];
  }
}

/** Colours and cursor moves would disturb a terminal that shows more than this build. */
const withoutControl = (text: string): string => stripVTControlCharacters(text).split('\r').at(-1)?.trimEnd() ?? '';
