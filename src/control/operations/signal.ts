import { newNotes, put } from '../records.ts';
import type { Perform } from './parts.ts';

/** Noted before it is sent: an end that follows is then never taken for a crash, and no signal is sent twice after a kill. */
export const signal: Perform<'signal'> = async (operation, parts, abort) => {
  const { service, replica, cause } = operation;
  const { records, store, proxy, engine, clock, onEvent } = parts;
  const before = records.notes(replica) ?? newNotes(replica, service);
  if (operation.cutFirst) await proxy.cut(replica, abort);
  const noteSignal = (): void =>
    store.record([put.notes({ ...before, signalledAt: [...before.signalledAt, clock.now()] })]);
  noteSignal();
  try {
    await engine.signal(replica, operation.signal, abort);
  } catch (error) {
    store.record([put.notes(before)]);
    throw error;
  }
  // The time that it has to end counts from when the signal arrived, however slow the engine was.
  noteSignal();
  const message = `${operation.signal} to ${replica}: ${cause}`;
  onEvent({ service, replica, severity: 'info', reason: 'SignalSent', message });
};
