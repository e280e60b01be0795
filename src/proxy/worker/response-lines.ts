import { Latest } from './latest.ts';

/** Most responses have the status that the one before had. */
export const statusLines = new Latest((status: string) => `HTTP/1.1 ${status}\r\n`);

/** The end of a head whose last field says how much follows. */
export const lengthEnds = new Latest((length: number) => `Content-Length: ${length}\r\n\r\n`);
