import { PointsmanError } from '../model/index.ts';
import type { Assembly } from './assembly.ts';
import { bringToPresent } from './present.ts';
import { PrivatePorts } from './private-ports.ts';

/** Adopts what runs, reads the manifests, then follows files, engine and time. */
export const beginSupervising = async (
  all: Assembly,
  { catchUp }: { readonly catchUp: boolean },
  signal: AbortSignal,
): Promise<void> => {
  bringToPresent({ ...all.parts, events: all.events });
  await findReplicas(all, signal);
  await leaveTakenPorts(all);
  await all.routes.begin();
  await all.reader.read(all.records.settings(), signal);
  all.triggers.begin();
  all.loop.begin();
  if (catchUp && all.records.services().some((record) => record.wanted)) void all.triggers.catchUp();
};

/** What the proxy holds it goes on holding; only for what it does not hold another port can be needed. */
const leaveTakenPorts = async ({ parts, records, onEvent }: Assembly): Promise<void> => {
  const held = new Set(parts.proxy.hello.listeners.map(({ port }) => port));
  for (const service of await new PrivatePorts(parts.store, records).replaceTaken(held)) {
    const message = `somebody else has the private port of ${service}: it has another one now, and so have the variables that name it`;
    onEvent({ service, severity: 'warning', reason: 'PrivatePortTaken', message });
  }
};

/** A new revision must never take the number that a replica of a lost state carries. */
const findReplicas = async (all: Assembly, signal: AbortSignal): Promise<void> => {
  const { engineState, parts, highestObserved } = all;
  try {
    await engineState.prepare(signal);
    for (const { service, revision } of await parts.engine.observe(undefined, signal)) {
      highestObserved.set(service, Math.max(revision, highestObserved.get(service) ?? 0));
    }
  } catch (error) {
    if (!(error instanceof PointsmanError) || error.code !== 'ENGINE_UNREACHABLE') throw error;
    // With nothing to look after yet, waiting for the engine would only hide that it is away.
    if (!all.records.services().some((record) => record.wanted)) throw error;
    engineState.noteLost(error.message);
  }
};
