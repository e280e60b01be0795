import type { RequestRecord } from '../../../model/index.ts';
import type { Refusals } from '../../messages.ts';
import { Histogram } from './histogram.ts';

/** Beyond so many kinds of requests of a route, pool and revision, further ones are counted under `other`. */
const mostSeries = 5_000;

/** What one revision of one pool has done for one route. */
interface Served {
  readonly labels: Labels;
  readonly requests: Map<string, Counter>;
  readonly durations: Histogram;
  readonly firstBytes: Histogram;
  bytesIn: number;
  bytesOut: number;
}

/** How often something happened to one kind. */
interface Counter {
  readonly labels: Labels;
  count: number;
}

type Labels = Readonly<Record<string, string | number>>;

/** Counts records, and says the counts in the text format of Prometheus. */
export class Metrics {
  readonly #served = new Map<string, Served>();
  readonly #refusals = new Map<string, number>();
  readonly #passedOver = new Map<string, Counter>();
  #series = 0;
  #dropped = 0;

  /** What no record says. */
  note(dropped: number, refusals: Refusals): void {
    this.#dropped += dropped;
    for (const [what, count] of Object.entries(refusals))
      this.#refusals.set(what, (this.#refusals.get(what) ?? 0) + count);
  }

  count(record: RequestRecord): void {
    if (record.reason !== undefined) return; // it never became a request
    const served = this.#servedBy(record);
    served.durations.add(record.durationMs);
    if (record.firstByteMs !== undefined) served.firstBytes.add(record.firstByteMs);
    served.bytesIn += record.bytesIn;
    served.bytesOut += record.bytesOut;
    this.#countRequest(served, record);
    if (record.passedOver !== undefined) this.#countPassedOver(record.pool ?? '', record.passedOver);
  }

  /** `gauges`: what is known of the present moment. */
  text(gauges: readonly Gauge[]): string {
    const served = [...this.#served.values()];
    const sums = (pick: (each: Served) => number): string[] =>
      served.map((each) => `${label(each.labels)} ${pick(each)}`);
    return [
      ...family('requests_total', 'counter', 'Requests by how they ended.', served.flatMap(requestLines)),
      ...family(
        'request_duration_seconds',
        'histogram',
        'From head to end.',
        served.flatMap(({ durations, labels }) => durations.lines(withBound(labels))),
      ),
      ...family(
        'request_first_byte_seconds',
        'histogram',
        "From head to the upstream's first octet.",
        served.flatMap(({ firstBytes, labels }) => firstBytes.lines(withBound(labels))),
      ),
      ...family(
        'request_bytes_total',
        'counter',
        'Content of requests.',
        sums((each) => each.bytesIn),
      ),
      ...family(
        'response_bytes_total',
        'counter',
        'Content of responses.',
        sums((each) => each.bytesOut),
      ),
      ...family(
        'passed_over_total',
        'counter',
        'Requests whose turn this revision had, and that another one answered: no connection was taken here, or a fresh one died.',
        [...this.#passedOver.values()].map(counterLine),
      ),
      ...family(
        'refusals_total',
        'counter',
        'What never became a request, by status and reason.',
        refusalLines(this.#refusals),
      ),
      ...family('records_dropped_total', 'counter', 'Requests that nothing here counts.', [` ${this.#dropped}`]),
      ...gauges.flatMap(({ name, help, values }) => family(name, 'gauge', help, values.map(gaugeLine))),
      '',
    ].join('\n');
  }

  #countRequest({ labels, requests }: Served, { outcome, status }: RequestRecord): void {
    this.#add(requests, `${outcome} ${status}`, () => ({ ...labels, outcome, status }));
  }

  #countPassedOver(pool: string, revision: number): void {
    const key = `${pool}\n${revision}`;
    const hasRoom = this.#series < mostSeries || this.#passedOver.has(key);
    this.#add(this.#passedOver, hasRoom ? key : 'other', () => (hasRoom ? { pool, revision } : others));
  }

  #add(counters: Map<string, Counter>, key: string, labels: () => Labels): void {
    const known = counters.get(key);
    if (known === undefined) {
      this.#series += 1;
      counters.set(key, { labels: labels(), count: 1 });
    } else known.count += 1;
  }

  #servedBy(record: RequestRecord): Served {
    const { pool = '', route = '' } = record;
    const revision = record.revision ?? '';
    const isFull = this.#series >= mostSeries;
    const key = `${route}\n${pool}\n${revision}`;
    const known = this.#served.get(key) ?? (isFull ? this.#served.get('other') : undefined);
    if (known !== undefined) return known;
    const labels: Labels = isFull ? others : { pool, revision, route };
    const served: Served = {
      labels,
      requests: new Map(),
      durations: new Histogram(),
      firstBytes: new Histogram(),
      bytesIn: 0,
      bytesOut: 0,
    };
    this.#served.set(isFull ? 'other' : key, served);
    return served;
  }
}

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly values: readonly { readonly labels?: Labels; readonly value: number }[];
}

export const presentGauges = (present: {
  readonly generation: number;
  readonly inFlight: Gauge['values'];
  readonly workers: number;
  readonly restarts: number;
}): readonly Gauge[] => [
  { name: 'in_flight_requests', help: 'Requests, streams and upgraded connections.', values: present.inFlight },
  { name: 'table_generation', help: 'Number of the route table that serves.', values: [{ value: present.generation }] },
  { name: 'workers', help: 'Processes that forward.', values: [{ value: present.workers }] },
  {
    name: 'worker_restarts',
    help: 'Workers that ended unasked and were replaced.',
    values: [{ value: present.restarts }],
  },
];

const others: Labels = { pool: 'other', revision: '' };

const prefix = 'pointsman_proxy_';

/** Lines come without their name, or with what goes behind it. */
const family = (name: string, type: string, help: string, lines: readonly string[]): string[] => [
  `# HELP ${prefix}${name} ${help}`,
  `# TYPE ${prefix}${name} ${type}`,
  ...lines.map((line) => `${prefix}${name}${line}`),
];

/** By `STATUS REASON`; no status: nothing was answered. */
const refusalLines = (refusals: ReadonlyMap<string, number>): string[] =>
  [...refusals].map(([what, count]) => {
    const space = what.indexOf(' ');
    return `${label({ status: what.slice(0, space), reason: what.slice(space + 1) })} ${count}`;
  });

const requestLines = ({ requests }: Served): string[] => [...requests.values()].map(counterLine);

const counterLine = ({ labels, count }: Counter): string => `${label(labels)} ${count}`;

const withBound =
  (labels: Labels) =>
  (bound?: number | '+Inf'): string =>
    label(bound === undefined ? labels : { ...labels, le: bound });

const gaugeLine = ({ labels = {}, value }: Gauge['values'][number]): string => `${label(labels)} ${value}`;

const label = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

const escaped = (value: string): string =>
  value.replaceAll(/[\\"\n]/g, (found) => (found === '\n' ? String.raw`\n` : `\\${found}`));
