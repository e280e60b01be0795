import { newNotes, put } from '../records.ts';
import { withRules } from '../rules.ts';
import type { Perform } from './parts.ts';

export const drain: Perform<'drain'> = async ({ service, replica, cause }, parts, signal) => {
  const { records, store, proxy, clock, onEvent } = parts;
  const target = records.newestRollout(service)?.rollout.to;
  const rules = target === undefined ? undefined : records.revision(service, target);
  if (rules === undefined) return;
  await proxy.drain({ upstream: replica, policy: withRules(records, rules).spec.policy.drain }, signal);
  const notes = records.notes(replica) ?? newNotes(replica, service);
  store.record([put.notes({ ...notes, drainingSince: clock.now() })]);
  onEvent({ service, replica, severity: 'info', reason: 'DrainStarted', message: `${replica} drains: ${cause}` });
};
