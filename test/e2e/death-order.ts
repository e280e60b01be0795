import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Operation } from '../../src/model/index.ts';
import type { Project } from './project.ts';

/** The supervisor is to die at the nth operation of a kind that it begins or ends from now on. */
export interface DeathOrder {
  readonly kind: Operation['kind'];
  readonly nth: number;
  /** before: the intent is written, nothing is done. after: it is done, the outcome is not written. */
  readonly when: 'before' | 'after';
  /** Tells two orders apart. */
  readonly id: number;
}

/** Where it died. */
export interface Death {
  readonly key: string;
  readonly kind: Operation['kind'];
  readonly when: DeathOrder['when'];
}

/** Orders a project's supervisor to die; it does so by itself, at that very instruction. */
export class DeathOrders {
  readonly #file: string;
  #given = 0;

  constructor(project: Project) {
    this.#file = join(project.folder, 'death.json');
    project.environment['POINTSMAN_TEST_DEATH'] = this.#file;
    project.environment['NODE_OPTIONS'] = `--import=${resolve('test/e2e/dies-at-operation.ts')}`;
  }

  async give(order: Omit<DeathOrder, 'id'>): Promise<void> {
    this.#given += 1;
    await rm(`${this.#file}.done`, { force: true });
    await writeFile(this.#file, JSON.stringify({ ...order, id: this.#given } satisfies DeathOrder));
  }

  get isCarriedOut(): boolean {
    return existsSync(`${this.#file}.done`);
  }

  /** undefined: nobody died, and nobody will any more. */
  async outcome(): Promise<Death | undefined> {
    await rm(this.#file, { force: true });
    return this.isCarriedOut ? (JSON.parse(await readFile(`${this.#file}.done`, 'utf8')) as Death) : undefined;
  }
}
