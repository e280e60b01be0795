import type { RequestOutcome } from '../../model/index.ts';
import type { RequestHead } from '../codec/request-head.ts';
import { saidBy } from '../codec/request-head.ts';
import type { Attempts } from './attempts.ts';
import { steadyNow, timeOfDay } from './clock.ts';
import type { Destination } from './destination.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { FieldReader } from './request-fields.ts';
import { lastTried, passedOver } from './tried.ts';

/** How a request ended. */
interface Ending {
  readonly outcome: RequestOutcome;
  readonly status: number;
  readonly at: number;
  readonly destination: Pick<Destination, 'generation' | 'route' | 'pool'>;
  readonly attempts: Pick<Attempts, 'upstream' | 'tried'>;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** When the first octet of a response came. */
  readonly firstByteAt: number | undefined;
}

/** One request in the ledger. */
export class RequestEntry {
  /** By the steady clock, as is `at` of its end. */
  readonly startedAt = steadyNow();
  readonly requestId: string;
  readonly #context: ExchangeContext;
  readonly #head: RequestHead;
  readonly #client: string;

  constructor(context: ExchangeContext, head: RequestHead, client: string) {
    this.#client = client;
    this.#context = context;
    this.#head = head;
    this.requestId = saidId(head) ?? context.nextRequestId();
  }

  close({ outcome, status, at, destination, attempts, bytesIn, bytesOut, firstByteAt }: Ending): void {
    const { tried } = attempts;
    const upstream = attempts.upstream ?? lastTried(tried);
    this.#context.ledger.add({
      at: timeOfDay(this.startedAt),
      requestId: this.requestId,
      route: destination.route,
      pool: destination.pool?.id,
      generation: destination.generation,
      revision: upstream?.revision,
      replica: upstream?.id,
      passedOver: passedOver(tried, upstream),
      method: this.#head.method,
      path: this.#head.path,
      status,
      bytesIn,
      bytesOut,
      durationMs: Math.round(at - this.startedAt),
      firstByteMs: firstByteAt === undefined ? undefined : Math.round(firstByteAt - this.startedAt),
      outcome,
      client: this.#client,
      host: this.#head.host,
    });
  }
}

const idField = new FieldReader('x-request-id');

/** A request that a proxy in front has named is known by that name here too. */
const saidId = ({ said, fields }: RequestHead): string | undefined =>
  (said & saidBy.requestId) === 0 ? undefined : idField.values(fields)[0];
