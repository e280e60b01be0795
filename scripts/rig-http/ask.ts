import { connect } from 'node:net';
import type { Recorded, RecordingOrigin } from '../../test/proxy/corpus/recording-origin.ts';

/** What became of one case behind one proxy. */
export interface Seen {
  /** Status of each answer that the client got. */
  readonly statuses: readonly string[];
  /** How the client's connection ended; `open` when it did not within the time. */
  readonly ended: 'closed' | 'reset' | 'open';
  /** Whole requests at the origin, as `POST /x [host] "content"`. */
  readonly requests: readonly string[];
  /** Octets at the origin that never became a request. */
  readonly unfinished: number;
  /** Content of the last answer, or undefined when it never became whole. */
  readonly content: string | undefined;
}

/** Silence for so long is the end of a case. */
const silenceMs = 400;

/** Sends the octets and waits until the connection has ended or nothing moves any more. */
export const ask = async (port: number, bytes: string, origin: RecordingOrigin): Promise<Seen> => {
  origin.forget();
  const { text, ended } = await exchange(port, bytes, () => origin.received.length);
  const answers = answersIn(text);
  const whole = origin.requests.reduce((sum, request) => sum + lengthOf(request), 0);
  return {
    statuses: answers.map((answer) => answer.status),
    ended,
    requests: origin.requests.map(shown),
    unfinished: Math.max(0, origin.received.length - whole),
    content: answers.at(-1)?.content,
  };
};

const exchange = (
  port: number,
  bytes: string,
  progress: () => number,
): Promise<{ text: string; ended: Seen['ended'] }> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    let text = '';
    let before = -1;
    const finish = (ended: Seen['ended']): void => {
      clearInterval(timer);
      socket.destroy();
      resolve({ text, ended });
    };
    const timer = setInterval(() => {
      const now = text.length + progress();
      if (now === before) finish('open');
      before = now;
    }, silenceMs);
    socket.setEncoding('latin1');
    socket.once('connect', () => socket.write(bytes, 'latin1'));
    socket.on('data', (more: string) => (text += more));
    socket.once('end', () => finish('closed'));
    socket.once('error', () => finish('reset'));
  });

interface Answer {
  readonly status: string;
  readonly content: string | undefined;
}

const answersIn = (text: string): Answer[] => {
  const answers: Answer[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n\r\n', at);
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(text.slice(at, at + 12))?.[1];
    if (end < 0 || status === undefined) {
      answers.push({ status: 'garbage', content: undefined });
      return answers;
    }
    const head = text.slice(at, end);
    const isBodiless = status.startsWith('1') || status === '204' || status === '304';
    const { content, length } = isBodiless ? { content: '', length: 0 } : contentIn(head, text.slice(end + 4));
    answers.push({ status, content });
    at = end + 4 + length;
  }
  return answers;
};

const contentIn = (head: string, rest: string): { readonly content: string | undefined; readonly length: number } => {
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const whole = /^(?:[0-9a-f]+\r\n[^]*?\r\n)*?0+\r\n(?:[^\r\n]+\r\n)*\r\n/i.exec(rest)?.[0];
    return whole === undefined
      ? { content: undefined, length: rest.length }
      : { content: dechunked(whole), length: whole.length };
  }
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? rest.length);
  return rest.length < length
    ? { content: undefined, length: rest.length }
    : { content: rest.slice(0, length), length };
};

const dechunked = (body: string): string => {
  let content = '';
  for (let at = 0; at < body.length;) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, line), 16);
    if (!(size > 0)) return content;
    content += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
  return content;
};

const lengthOf = ({ line, fields, body }: Recorded): number =>
  line.length + 2 + fields.reduce((sum, field) => sum + field.length + 2, 0) + 2 + body.length;

/** Framing may differ from proxy to proxy; what is framed may not. */
const shown = ({ line, fields, body }: Recorded): string => {
  const value = (name: string): string =>
    fields
      .find((field) => field.toLowerCase().startsWith(name))
      ?.slice(name.length)
      .trim() ?? '';
  const content = value('transfer-encoding:') === '' ? body : dechunked(body);
  const short = content.length > 40 ? `${content.length} octets` : JSON.stringify(content);
  return `${JSON.stringify(line.replace(/ HTTP\/1\.\d$/, '')).slice(1, -1)} [${value('host:')}]${content === '' ? '' : ` ${short}`}`;
};
