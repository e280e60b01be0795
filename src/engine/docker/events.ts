import { setTimeout as wait } from 'node:timers/promises';
import type Docker from 'dockerode';
import { LineSplitter } from '../../lib/index.ts';
import type { ReplicaId } from '../../model/index.ts';
import { serviceName } from '../../model/index.ts';
import type { EngineEvent } from '../port.ts';
import { engineError, openDockerStream } from './ask.ts';
import type { Ownership } from './labels.ts';
import { labelFilter, ownerLabels } from './labels.ts';

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/**
 * Docker's events of the scope. It keeps only the last few hundred and none over its own restart, so after a lost
 * connection nothing is asked for again: `resync` tells the reader to look for itself.
 */
export const replicaEvents = async function* (
  docker: Docker,
  ownership: Ownership,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const stream = await subscribe(docker, ownership, signal);
      yield { kind: 'resync', reason: failures === 0 ? 'subscribed to Docker' : 'Docker answers again' };
      failures = 0;
      yield* readEvents(stream);
      throw new Error('the stream of events ended');
    } catch (error) {
      if (signal.aborted) return;
      if (failures === 0) yield { kind: 'unreachable', reason: engineError('send events', error).message };
      failures += 1;
      const pause = Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs);
      await wait(pause, undefined, { signal }).catch(() => undefined);
    }
  }
};

const subscribe = (docker: Docker, ownership: Ownership, signal: AbortSignal): Promise<NodeJS.ReadableStream> => {
  const filters = {
    event: Object.keys(meanings),
    label: labelFilter({ ...ownerLabels(ownership), 'pointsman.role': 'replica' }),
  };
  return openDockerStream('send events', signal, (abortSignal) => {
    // The client library takes the signal, its types don't say so.
    const options: Docker.GetEventsOptions & { readonly abortSignal: AbortSignal } = { filters, abortSignal };
    return docker.getEvents(options);
  });
};

const readEvents = async function* (stream: NodeJS.ReadableStream): AsyncGenerator<EngineEvent> {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for await (const chunk of stream) {
    splitter.push(Buffer.from(chunk));
    for (const line of lines.splice(0)) {
      const event = eventFrom(JSON.parse(line));
      if (event !== undefined) yield event;
    }
  }
};

const meanings: Readonly<Record<string, Extract<EngineEvent, { kind: 'replica' }>['what']>> = {
  start: 'started',
  die: 'exited',
  destroy: 'removed',
  oom: 'out-of-memory',
};

const eventFrom = (event: {
  readonly Action: string;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}): EngineEvent | undefined => {
  const what = meanings[event.Action];
  const { 'pointsman.replica': replica, 'pointsman.service': service } = event.Actor.Attributes;
  if (what === undefined || replica === undefined || service === undefined) return undefined;
  return { kind: 'replica', service: serviceName(service), replica: replica as ReplicaId, what };
};
