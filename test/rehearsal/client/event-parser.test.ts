import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventParser } from '../../../src/rehearsal/client/event-parser.ts';
import type { ServerSentEvent } from '../../../src/rehearsal/client/event-parser.ts';

const parse = (
  chunks: readonly Buffer[],
): { readonly events: readonly ServerSentEvent[]; readonly retries: readonly number[] } => {
  const events: ServerSentEvent[] = [];
  const retries: number[] = [];
  const parser = new EventParser(
    { onEvent: (event) => events.push(event), onRetry: (milliseconds) => retries.push(milliseconds) },
    '',
  );
  for (const chunk of chunks) parser.push(chunk);
  return { events, retries };
};

const eventsOf = (text: string): readonly ServerSentEvent[] => parse([Buffer.from(text)]).events;

test.each([
  ['an event', 'id: 1\ndata: a\n\n', [{ id: '1', data: 'a' }]],
  [
    'the id stays until the next',
    'id: 1\ndata: a\n\ndata: b\n\n',
    [
      { id: '1', data: 'a' },
      { id: '1', data: 'b' },
    ],
  ],
  ['several data lines', 'data: a\ndata: b\n\n', [{ id: '', data: 'a\nb' }]],
  [
    'all three line ends',
    'data: a\r\n\r\ndata: b\r\rdata: c\n\n',
    [
      { id: '', data: 'a' },
      { id: '', data: 'b' },
      { id: '', data: 'c' },
    ],
  ],
  ['comments are no events', ': hello\n\n: again\n\n', []],
  ['an unfinished event is none', 'data: a\n\nid: 9\ndata: b\n', [{ id: '', data: 'a' }]],
  ['one space after the colon is dropped', 'data:  a\n\n', [{ id: '', data: ' a' }]],
  ['a field without colon', 'data\n\n', [{ id: '', data: '' }]],
  ['a byte order mark', '\uFEFFdata: a\n\n', [{ id: '', data: 'a' }]],
  ['a block that only moves the id', 'id: 4\n\n', [{ id: '4', data: '' }]],
  ['unknown fields', 'event: tick\nnonsense: 1\ndata: a\n\n', [{ id: '', data: 'a' }]],
])('%s', (_, text, events) => {
  expect(eventsOf(text)).toEqual(events);
});

test('only whole numbers are retry hints', () => {
  expect(parse([Buffer.from('retry: 250\n\nretry: soon\nretry: -1\n\n')]).retries).toEqual([250]);
});

test('where the chunks are cut makes no difference', () => {
  const piece = fc.constantFrom(
    'data: ä€😀\n',
    'id: 12\n',
    '\n',
    '\r\n',
    '\r',
    ': c\n',
    'retry: 5\n',
    'data: b\r\n',
    'data',
  );
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(60)), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(''));
      const places = [
        0,
        ...cuts.filter((cut) => cut < bytes.length).toSorted((one, other) => one - other),
        bytes.length,
      ];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      // A final carriage return is held back, whole or in parts.
      expect(parse(chunks)).toEqual(parse([bytes]));
    }),
  );
});
