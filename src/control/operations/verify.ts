import type { Check, CheckResult, ErrorReport, Revision, Rollout, CheckStage } from '../../model/index.ts';
import { whenAsked } from '../../model/index.ts';
import type { CheckState, StepState } from '../../plan/index.ts';
import { runCheck } from '../../verify/index.ts';
import { nothingToCheck } from '../check-state.ts';
import { candidateTargets, checkTargets } from '../check-targets.ts';
import { put } from '../records.ts';
import { rulesOf } from '../rules.ts';
import type { RolloutRecord } from '../store/index.ts';
import type { OperationParts, Perform } from './parts.ts';
import { rolloutTo } from './parts.ts';

/** All checks of a stage at once; what they found stands in the rollout, and in events. */
export const verify: Perform<'verify'> = async ({ service, revision: number, stage }, parts, signal) => {
  const revision = parts.records.revision(service, number);
  if (revision === undefined) return;
  const checks = checksOf(parts, revision, stage);
  parts.live.say(service, `asking ${checks.map(({ name }) => name).join(', ')}`);
  const results = await Promise.all(
    checks.map(async (check): Promise<CheckResult> => {
      const targets = () =>
        stage === 'smoke'
          ? candidateTargets(parts, revision, signal)
          : checkTargets(parts, check.service ?? service, check, signal);
      const { ok, words } = await runCheck(check, { ...parts, targets }, signal);
      return { stage, name: check.name, ok, words, at: parts.clock.now() };
    }),
  );
  const record = rolloutTo(parts, service, number);
  if (record === undefined) return;
  tell(parts, record, results);
  parts.store.record([put.rollout(concluded(parts, record, { stage, checks, results }))]);
};

const checksOf = (parts: OperationParts, revision: Revision, stage: CheckStage): readonly Check[] =>
  stage === 'smoke' ? (rulesOf(parts.records, revision).smoke ?? []) : (revision.spec.verify?.[stage] ?? []);

interface Round {
  readonly stage: CheckStage;
  readonly checks: readonly Check[];
  readonly results: readonly CheckResult[];
}

const concluded = (parts: OperationParts, record: RolloutRecord, { stage, checks, results }: Round): RolloutRecord => {
  const failed = results.filter(({ ok }) => !ok);
  const goesRound = stage === 'during' && failed.length === 0;
  const step: StepState =
    failed.length > 0
      ? { kind: 'failed', error: failure(record.rollout, stage, failed) }
      : { kind: goesRound ? 'pending' : 'done' };
  const every = Math.min(...checks.map(({ everySeconds }) => everySeconds));
  const others = (record.rollout.checks ?? []).filter((result) => result.stage !== stage);
  const before: CheckState = record.checks ?? nothingToCheck;
  return {
    ...record,
    rollout: { ...record.rollout, checks: [...others, ...results] },
    checks: {
      ...before,
      [stage]: step,
      ...(goesRound && { duringDueAt: parts.clock.now() + every * 1000 }),
    },
  };
};

/** A round of `during` that finds what the round before found is no news. */
const tell = (parts: OperationParts, { rollout }: RolloutRecord, results: readonly CheckResult[]): void => {
  for (const { stage, name, ok, words } of results) {
    const before = rollout.checks?.find((result) => result.stage === stage && result.name === name);
    if (before?.ok === true && ok) continue;
    parts.onEvent({
      service: rollout.service,
      rollout: rollout.id,
      revision: rollout.to,
      severity: ok ? 'info' : 'error',
      reason: ok ? 'CheckPassed' : 'CheckFailed',
      message: `${whenAsked(stage)}, ${name}: ${words}`,
    });
  }
};

const failure = ({ service, from, to }: Rollout, stage: CheckStage, failed: readonly CheckResult[]): ErrorReport => {
  const [first] = failed;
  const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
  return {
    code: 'CHECK_FAILED',
    message: `${service} revision ${to}: ${whenAsked(stage)}, ${first?.name}: ${first?.words}${more}`,
    fix: stage === 'after' && from === undefined ? firstFix : fixes[stage],
    ...(failed.length > 1 && { output: failed.map(({ name, words }) => `${name}: ${words}`) }),
  };
};

const firstFix = 'Nothing served before: what was started was removed. Repair it, or the check, then deploy again.';

const fixes: { readonly [Stage in CheckStage]: string } = {
  before: 'Nothing was changed. Put right what the check asks for, then deploy again.',
  smoke: 'No user met it, the version before serves on. Repair the new one, or the check, then deploy again.',
  during: 'The version before serves on. Look at what the check asks for, then deploy again.',
  after: 'The version before was brought back. Repair the new one, or the check, then deploy again.',
};
