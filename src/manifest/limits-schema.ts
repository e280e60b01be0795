import { z } from 'zod';
import { aboveZero, whole } from './scalar-schema.ts';

const anAmount = 'a number of seconds above 0';

/** Of a service: what one request to it may take. */
export const requestLimitsSchema = z.strictObject(
  {
    headBytes: whole(1).optional().describe('Octets of target and header fields; more is answered with 431.'),
    bodyBytes: whole(1).optional().describe('Octets of content; more is answered with 413.'),
    uploadSeconds: aboveZero(anAmount).optional().describe('From its head to its last octet; then 408.'),
    responseSeconds: aboveZero(anAmount)
      .optional()
      .describe('From its last octet to the first of the response; then 504. Streams that have begun may last.'),
    silentSeconds: aboveZero(anAmount)
      .optional()
      .describe(
        'Without an octet of content either way; then 504, or the end of a response that has begun. Not for WebSockets.',
      ),
    totalSeconds: aboveZero(anAmount)
      .optional()
      .describe('From its head to the end of its response; then 504, or the end. Not for WebSockets.'),
  },
  { error: 'a map' },
);

/** Of the project: what clients of its public listeners may take. */
export const clientLimitsSchema = z.strictObject(
  {
    connections: whole(1).optional().describe('Open at once with one listener; more are closed. Default: no limit.'),
    connectionsPerAddress: whole(1).optional().describe('The same from one address. Default: no limit.'),
    headSeconds: aboveZero(anAmount)
      .optional()
      .describe('From the first octet of a head to its last; then 408. Default 20.'),
    bodySeconds: aboveZero(anAmount).optional().describe('Without an octet of a body; then 408. Default 60.'),
    bodyBytesPerSecond: whole(0)
      .optional()
      .describe('Octets of a body per second, on average over bodySeconds; then 408. 0: however slowly. Default 100.'),
    idleSeconds: aboveZero(anAmount)
      .optional()
      .describe('Without a request; then the connection is closed. Default 65, or what the platform documents.'),
    readerSeconds: aboveZero(anAmount)
      .optional()
      .describe('In which a client takes nothing of what waits for it; then it is cut. Default 120.'),
  },
  { error: 'a map' },
);
