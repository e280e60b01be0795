import { describe, expect, it } from 'vitest';
import { LiveRegion } from '../../../src/cli/terminal/live-region.ts';
import type { Clock } from '../../../src/lib/index.ts';
import { Screen, streamOf } from './screen.ts';

/** Time that passes when told to. */
class Time implements Clock {
  readonly sleeps = [];
  #now = 0;
  #waiting: { readonly at: number; readonly callback: () => void }[] = [];

  now = (): number => this.#now;

  onSleep = () => () => undefined;

  after = (milliseconds: number, callback: () => void): (() => void) => {
    const entry = { at: this.#now + milliseconds, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  };

  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#waiting.filter((entry) => entry.at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = end;
  }
}

const setUp = (columns = 40, rows = 10) => {
  const screen = new Screen(columns, rows);
  const clock = new Time();
  const lines: string[] = [];
  const region = new LiveRegion({ stream: streamOf(screen), clock, render: () => lines });
  const show = (...now: string[]): void => {
    lines.splice(0, lines.length, ...now);
    region.changed();
    clock.pass(100);
  };
  return { screen, clock, region, show };
};

describe('lines that are redrawn in place', () => {
  it('stand where they stood, however often they change', () => {
    const { screen, show } = setUp();
    screen.write('$ pointsman up\n');
    show('api  building', 'web  waiting');
    show('api  replacing', 'web  waiting');
    show('api  ok', 'web  building');
    expect(screen.text).toBe('$ pointsman up\napi  ok\nweb  building');
  });

  it('shrink and grow without leaving anything behind', () => {
    const { screen, show } = setUp();
    show('one', 'two', 'three');
    show('one');
    show('one', 'two');
    expect(screen.text).toBe('one\ntwo');
  });

  it('are never wider than the terminal', () => {
    const { screen, show } = setUp(20);
    show('a line that is much too long for it');
    show('another line that is too long');
    expect(screen.text).toBe('another line that …');
  });

  it('are never more than the terminal has rows', () => {
    const { screen, show } = setUp(40, 4);
    show('1', '2', '3', '4', '5', '6');
    expect(screen.text).toBe('1\n2\n… and 4 more');
  });

  it('are drawn at most ten times a second, and the newest state is always drawn', () => {
    const { screen, clock, region } = setUp();
    const lines: string[] = [];
    const drawn: string[] = [];
    const counted = new LiveRegion({
      stream: streamOf(screen),
      clock,
      render: () => {
        drawn.push(lines.join());
        return lines;
      },
    });
    for (let change = 1; change <= 500; change += 1) {
      lines.splice(0, 1, String(change));
      counted.changed();
      clock.pass(2);
    }
    clock.pass(100);
    expect(drawn.length).toBeLessThanOrEqual(12);
    expect(drawn.at(-1)).toBe('500');
    region.close(false);
  });

  it('let other lines stay above them', () => {
    const { screen, region, show } = setUp();
    show('working');
    region.print('first result');
    show('still working');
    expect(screen.text).toBe('first result\nstill working');
  });

  it('stay or vanish at the end, and are not drawn again', () => {
    const kept = setUp();
    kept.show('done');
    kept.region.close(true);
    kept.show('too late');
    expect(kept.screen.text).toBe('done');
    const gone = setUp();
    gone.show('busy');
    gone.region.close(false);
    gone.clock.pass(5000);
    expect(gone.screen.text).toBe('');
  });
});
