import type { Cancel, Clock } from '../../lib/index.ts';
import { clip, widthOf } from './clip.ts';

const shortestPauseMs = 100;
const tickMs = 1000;

export interface LiveRegionOptions {
  readonly stream: NodeJS.WriteStream;
  readonly clock: Clock;
  /** The lines as they are now; called at most ten times a second, and once a second for the sake of running times. */
  readonly render: () => readonly string[];
}

/** The last lines of a terminal, redrawn in place. Never wider than the terminal and never higher. */
export class LiveRegion {
  readonly #options: LiveRegionOptions;
  #drawn: readonly string[] = [];
  #drawnAt = Number.NEGATIVE_INFINITY;
  #cancel: Cancel | undefined;
  #closed = false;

  constructor(options: LiveRegionOptions) {
    this.#options = options;
    options.stream.on('resize', this.changed);
  }

  /** Something that `render` shows is different. */
  readonly changed = (): void => {
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#cancel?.();
    const pause = this.#drawnAt + shortestPauseMs - clock.now();
    if (pause <= 0) this.#draw();
    else this.#cancel = clock.after(pause, () => this.#draw());
  };

  /** Writes lines that stay, above the region. */
  print(text: string): void {
    this.#erase();
    this.#options.stream.write(`${text}\n`);
    if (!this.#closed) this.#draw();
  }

  /** keep: the lines stay as they were last; otherwise the terminal looks as if they had never been there. */
  close(keep: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel?.();
    this.#options.stream.off('resize', this.changed);
    this.#erase();
    if (keep) this.#write(this.#options.render());
  }

  #draw(): void {
    const { clock, stream, render } = this.#options;
    const lines = fitHeight(render(), stream.rows);
    this.#write(lines);
    this.#drawnAt = clock.now();
    this.#cancel = clock.after(tickMs, () => this.#draw());
  }

  #write(lines: readonly string[]): void {
    const { stream } = this.#options;
    const clipped = lines.map((line) => clip(line, stream.columns - 1));
    // One write, each line cleared only after it was written over: nothing flickers.
    stream.write(`${this.#toTop()}${clipped.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J`);
    this.#drawn = clipped;
  }

  #erase(): void {
    if (this.#drawn.length > 0) this.#options.stream.write(`${this.#toTop()}\u001B[J`);
    this.#drawn = [];
  }

  /** A terminal that became narrower has wrapped what we drew. */
  #toTop(): string {
    const { columns } = this.#options.stream;
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return rows === 0 ? '' : `\u001B[${rows}A\r`;
  }
}

const fitHeight = (lines: readonly string[], rows: number): readonly string[] => {
  const room = Math.max(1, rows - 1);
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`];
};
