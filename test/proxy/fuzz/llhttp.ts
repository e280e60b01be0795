import { createRequire } from 'node:module';
import type { Input, Message, Reading } from './reading.ts';

interface Parser {
  initialize(type: number, resource: object, maxHeaderSize: number): void;
  execute(buffer: Uint8Array): number | (Error & { readonly code: string; readonly reason: string });
  finish(): number | Error | undefined;
  [callback: number]: unknown;
}
interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

// Not public, but the only way to ask llhttp as Node builds it.
const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: ParserClass;
  methods: readonly string[];
};

/** Methods that llhttp has; others it refuses, which says nothing about framing. */
export const knownMethods: ReadonlySet<string> = new Set(methods);

/** The number that llhttp has for a method → its name: the list above is in another order. */
const methodNames = new Map<number, string>();

/** It waits for somebody to take up an upgrade. */
export const stopped = 'stopped';

/** More than our own limit: which of two sizes is too long is no question of framing either. */
const maxHeaderSize = 1_000_000;

/** Major, minor, fields (undefined when they came in parts), method, target, status, reason, upgrade. */
type Told = [number, number, string[] | undefined, number, string | undefined, number, string, boolean];

/** One parser for all inputs: it forgets everything between them. */
class LlhttpReader {
  readonly #parser = new HTTPParser();
  #messages: Message[] = [];
  #current: Message | undefined;
  #parts: string[] = [];
  #target = '';
  #toHead = false;

  constructor() {
    const parser = this.#parser;
    parser[HTTPParser.kOnHeaders] = (fields: string[], target: string): void => {
      // Fields beyond the first few dozen, or trailers.
      if (this.#current === undefined) {
        this.#parts.push(...fields);
        this.#target += target;
      } else this.#current.trailers = [...this.#current.trailers, ...fields];
    };
    parser[HTTPParser.kOnHeadersComplete] = (...told: Told): number => this.#begin(told);
    parser[HTTPParser.kOnBody] = (chunk: Buffer): void => {
      if (this.#current !== undefined) this.#current.body += chunk.toString('latin1');
    };
    parser[HTTPParser.kOnMessageComplete] = (): void => {
      if (this.#current !== undefined) this.#current.isComplete = true;
      this.#current = undefined;
    };
  }

  read(input: Input): Reading {
    this.#messages = [];
    this.#current = undefined;
    this.#parts = [];
    this.#target = '';
    this.#toHead = input.toHead;
    const type = input.kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
    this.#parser.initialize(type, {}, maxHeaderSize);
    const fault = this.#execute(input);
    return { messages: this.#messages, end: fault === '' ? 'more' : 'refused', fault };
  }

  #execute(input: Input): string {
    for (let at = 0; at < input.bytes.length;) {
      // Stops early only behind an upgrade; what follows is read on, as it would be if nobody took the upgrade up.
      const result = this.#parser.execute(input.bytes.subarray(at));
      if (typeof result !== 'number') return `${result.code} ${result.reason}`;
      if (result === 0) return stopped;
      at += result;
    }
    if (input.kind === 'response') this.#parser.finish();
    return '';
  }

  #begin([, , fields, method, target, status, reason, isUpgrade]: Told): number {
    const message: Message = {
      method: methodNames.get(method) ?? '',
      target: this.#target + (target ?? ''),
      status: status ?? 0,
      reason: reason ?? '',
      fields: fields ?? this.#parts,
      trailers: [],
      body: '',
      isComplete: false,
      isUpgrade,
    };
    this.#parts = [];
    this.#target = '';
    this.#messages.push(message);
    this.#current = message;
    return this.#toHead ? 1 : 0;
  }
}

for (const name of methods) {
  const asking = new HTTPParser();
  asking.initialize(HTTPParser.REQUEST, {}, maxHeaderSize);
  asking[HTTPParser.kOnHeadersComplete] = (...told: Told): number => {
    methodNames.set(told[3], name);
    return 0;
  };
  asking.execute(Buffer.from(`${name} / ${name === 'SOURCE' ? 'ICE/1.0' : 'HTTP/1.1'}\r\nHost: a\r\n\r\n`));
}

const reader = new LlhttpReader();

export const readByLlhttp = (input: Input): Reading => reader.read(input);
