import type { Generation, RequestOutcome } from '../../model/index.ts';
import type { RequestHead } from '../codec/request-head.ts';
import type { CompiledAnswer } from './edge-answer.ts';
import { headTooLarge, tooLarge } from './own-answers.ts';
import type { Pool } from './pool.ts';
import type { Switchboard } from './switchboard.ts';
import { answerWithoutRoute } from './without-route.ts';

/** Where a request goes by the table that serves, and how large it may be there. */
export class Destination {
  /** undefined where no route leads on. */
  pool: Pool | undefined;
  /** The route that led there; as records call it. */
  route: string | undefined;
  /** Of the table that it was looked up in last: its record says by which. */
  generation: Generation;
  readonly #switchboard: Switchboard;
  readonly #listener: string;
  readonly #head: RequestHead;

  constructor(switchboard: Switchboard, listener: string, head: RequestHead) {
    this.generation = switchboard.generation;
    this.#switchboard = switchboard;
    this.#listener = listener;
    this.#head = head;
  }

  find(): Pool | undefined {
    this.pool = this.#look();
    return this.pool;
  }

  /** A table may have come since the request did: whom it dropped gets nothing more. undefined: its route is gone. */
  byNow(): Pool | undefined {
    if (this.generation === this.#switchboard.generation) return this.pool;
    const found = this.#look();
    if (found !== undefined) this.pool = found;
    return found;
  }

  /** What it gets where no route leads on. */
  withoutRoute(): { readonly answer: CompiledAnswer; readonly outcome: RequestOutcome } {
    return answerWithoutRoute(this.#switchboard, this.#listener, this.#head);
  }

  /** What it gets when it is larger than the pool allows, as far as is known of its body. */
  refusal({ limits }: Pool, contentBytes: number): CompiledAnswer | undefined {
    const { framing, target, fields } = this.#head;
    if (target.length + fields.length > limits.headBytes) return headTooLarge;
    const bodyBytes = framing.kind === 'length' ? framing.length : contentBytes;
    return bodyBytes > limits.bodyBytes ? tooLarge : undefined;
  }

  allowsBody(bytes: number): boolean {
    return this.pool === undefined || bytes <= this.pool.limits.bodyBytes;
  }

  #look(): Pool | undefined {
    this.generation = this.#switchboard.generation;
    const found = this.#switchboard.find(this.#listener, this.#head.host, this.#head.path);
    if (found !== undefined) this.route = found.name;
    return found?.pool;
  }
}
