import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { LineSplitter } from '../../lib/index.ts';
import type { BuildProgress } from '../port.ts';
import { BuildLog } from './build-log.ts';
import { BuildkitTrace } from './buildkit-trace.ts';

export interface BuildOutcome {
  /** The builder's own words; undefined when it succeeded. */
  readonly failure: string | undefined;
  /** Failed step and its last lines. */
  readonly tail: readonly string[];
}

/** Follows what either builder answers: one JSON object a line. Rejects when the connection breaks or the signal aborts. */
export const followBuild = async (
  stream: Readable,
  onProgress: (progress: BuildProgress) => void,
): Promise<BuildOutcome> => {
  const log = new BuildLog(onProgress);
  const trace = new BuildkitTrace(log);
  const said = new LineSplitter((line) => followClassicLine(log, line));
  const ended: { failure?: string } = {};
  const messages = new LineSplitter((line) => {
    if (line.trim() === '') return;
    const message = JSON.parse(line) as BuildMessage;
    if (message.id === 'moby.buildkit.trace' && typeof message.aux === 'string') trace.push(message.aux);
    if (message.stream !== undefined) said.push(Buffer.from(message.stream));
    if (message.status !== undefined && message.progress === undefined) log.line(statusText(message));
    if (message.error !== undefined) ended.failure = message.errorDetail?.message ?? message.error;
  });
  for await (const chunk of stream) messages.push(chunk as Buffer);
  messages.end();
  said.end();
  trace.end();
  return { failure: ended.failure, tail: log.tail() };
};

interface BuildMessage {
  readonly id?: string;
  readonly aux?: unknown;
  readonly stream?: string;
  readonly status?: string;
  readonly progress?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

const statusText = (message: BuildMessage): string =>
  message.id === undefined ? (message.status ?? '') : `${message.id}: ${message.status}`;

const followClassicLine = (log: BuildLog, colouredLine: string): void => {
  const line = stripVTControlCharacters(colouredLine);
  const step = /^Step (\d+\/\d+) : (.*)$/.exec(line);
  if (step !== null) log.step(`step ${step[1]}`, `[${step[1]}] ${step[2]}`);
  else if (!/^ ---> |^Removing intermediate container |^Successfully (built|tagged) /.test(line)) log.line(line);
};
