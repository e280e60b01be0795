import type { RequestRecord } from '../../model/index.ts';
import { endingLength, lineEnd, nothing, recordFormat } from '../../protocol/index.ts';
import type { RecordBatch } from '../../protocol/index.ts';
import { space, zero } from '../codec/characters.ts';

/** More than the longest target there is. */
const capacity = 131_072;
/** More than all of a line that is not a text. */
const mostOfNumbers = 256;
/** Longer names of hosts are none. */
const longestHost = 255;
const minus = 0x2d;

/**
 * Writes records down as lines of text, octet by octet and outside of the heap. Objects that wait for their batch would be
 * copied by every collection of garbage meanwhile, and texts put together first: both cost more than all else about a record.
 */
export class RecordWriter {
  count = 0;
  #octets: Buffer | undefined;
  #length = 0;
  #since = 0;
  readonly #names = new Map<string, number>();
  readonly #six = new Float64Array(6);
  /** The last one that was written whole. */
  #idBefore = '';

  /** False when there is no room left; always true for the first one of a batch. `withClient`: says who asked for what host. */
  add(record: RequestRecord, withClient = false): boolean {
    const { requestId, method, path } = record;
    const client = withClient ? (record.client ?? '') : '';
    const host = withClient ? (record.host ?? '').slice(0, longestHost) : '';
    const octets = (this.#octets ??= Buffer.allocUnsafeSlow(capacity));
    if (
      this.#length + requestId.length + method.length + path.length + client.length + host.length + mostOfNumbers >
      capacity
    )
      return false;
    if (this.count === 0) this.#since = record.at;
    this.#id(octets, requestId);
    const six = this.#six;
    six[0] = record.at - this.#since;
    six[1] = this.#name(record.route);
    six[2] = this.#name(record.pool);
    six[3] = record.generation;
    six[4] = record.revision ?? nothing;
    six[5] = this.#name(record.replica);
    this.#numbers(octets, 6);
    this.#text(octets, method);
    this.#text(octets, path);
    six[0] = record.status;
    six[1] = record.bytesIn;
    six[2] = record.bytesOut;
    six[3] = record.firstByteMs ?? nothing;
    six[4] = record.durationMs;
    six[5] = this.#name(record.outcome);
    this.#numbers(octets, 6);
    if (withClient || record.reason !== undefined || record.passedOver !== undefined) {
      six[0] = this.#name(record.reason);
      six[1] = record.passedOver ?? nothing;
      this.#numbers(octets, 2);
      this.#text(octets, client);
      this.#text(octets, host);
    }
    octets[this.#length - 1] = lineEnd;
    this.count += 1;
    return true;
  }

  /** What was written since the last time. */
  take(): RecordBatch {
    const lines = this.#octets?.toString('latin1', 0, this.#length) ?? '';
    const batch = {
      format: recordFormat,
      since: this.#since,
      names: [...this.#names.keys()],
      count: this.count,
      lines,
    };
    this.#names.clear();
    this.#idBefore = '';
    this.#length = 0;
    this.count = 0;
    return batch;
  }

  /** Of one that goes on from the one before only its ending, and nothing ahead of that; see `endingLength`. */
  #id(octets: Buffer, id: string): void {
    const isEnding = id.length > endingLength && beginsAlike(id, this.#idBefore);
    if (isEnding || id === '') this.#text(octets, '');
    if (!isEnding) {
      this.#text(octets, id);
      if (id !== '') this.#idBefore = id;
      return;
    }
    for (let index = id.length - endingLength; index < id.length; index += 1) {
      octets[this.#length] = id.charCodeAt(index);
      this.#length += 1;
    }
    octets[this.#length] = space;
    this.#length += 1;
  }

  /** And a space behind it. */
  #text(octets: Buffer, text: string): void {
    let at = this.#length;
    for (let index = 0; index < text.length; index += 1) {
      octets[at] = text.charCodeAt(index);
      at += 1;
    }
    octets[at] = space;
    this.#length = at + 1;
  }

  /** In a loop: the same code laid out ten times over would push other code out of the processor's cache. */
  #numbers(octets: Buffer, count: number): void {
    for (let index = 0; index < count; index += 1) this.#number(octets, this.#six[index] as number);
  }

  /** Whole, and a space behind it. */
  #number(octets: Buffer, number: number): void {
    if (number >= 0 && number < 10) {
      octets[this.#length] = zero + number;
      octets[this.#length + 1] = space;
      this.#length += 2;
      return;
    }
    let rest = number;
    if (rest < 0) {
      octets[this.#length] = minus;
      this.#length += 1;
      rest = -rest;
    }
    let end = this.#length + 1;
    for (let more = rest; more >= 10; more = Math.floor(more / 10)) end += 1;
    for (let at = end - 1; at >= this.#length; at -= 1) {
      const tenth = Math.floor(rest / 10);
      octets[at] = zero + rest - tenth * 10;
      rest = tenth;
    }
    octets[end] = space;
    this.#length = end + 1;
  }

  #name(name: string | undefined): number {
    if (name === undefined) return nothing;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const number = this.#names.size;
    this.#names.set(name, number);
    return number;
  }
}

/** Of the same length, and different in their endings at most. */
const beginsAlike = (id: string, before: string): boolean => {
  if (id.length !== before.length) return false;
  for (let index = id.length - endingLength - 1; index >= 0; index -= 1) {
    if (id.charCodeAt(index) !== before.charCodeAt(index)) return false;
  }
  return true;
};
