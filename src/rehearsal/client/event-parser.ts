import { StringDecoder } from 'node:string_decoder';

export interface ServerSentEvent {
  /** The last event id as of this event: the stream's, when the event has none of its own. */
  readonly id: string;
  /** Empty for a block that only moves the id on: no event to an app, but a step for who counts ids. */
  readonly data: string;
}

export interface EventHandler {
  onEvent(event: ServerSentEvent): void;
  onRetry(milliseconds: number): void;
}

/** Reads `text/event-stream` as the HTML standard says. What is unfinished at the end of the stream was never an event. */
export class EventParser {
  readonly #handler: EventHandler;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #first = true;
  #id: string;
  #data: string[] = [];
  #idMoved = false;

  constructor(handler: EventHandler, lastEventId: string) {
    this.#handler = handler;
    this.#id = lastEventId;
  }

  push(chunk: Buffer): void {
    let text = this.#rest + this.#decoder.write(chunk);
    if (this.#first && text !== '') {
      this.#first = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    // A carriage return at the very end may be half of a line end.
    const held = text.endsWith('\r') ? 1 : 0;
    const lines = text.slice(0, text.length - held).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + text.slice(text.length - held);
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      const complete = this.#data.length > 0 || this.#idMoved;
      if (complete) this.#handler.onEvent({ id: this.#id, data: this.#data.join('\n') });
      this.#data = [];
      this.#idMoved = false;
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    this.#field(field, value);
  }

  #field(field: string, value: string): void {
    if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#moveId(value);
    else if (field === 'retry' && /^\d+$/.test(value)) this.#handler.onRetry(Number(value));
  }

  #moveId(id: string): void {
    this.#idMoved = true;
    this.#id = id;
  }
}
