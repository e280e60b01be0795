import { PointsmanError, serviceName } from '../model/index.ts';
import type { Check, Question, SourceLocation, VerifyPlan, VerifyStage } from '../model/index.ts';
import { durationMs } from './quantity.ts';
import type { CheckManifest, SmokeManifest, VerifyManifest } from './verify-schema.ts';

const withinSeconds = 10;
const everySeconds = 5;

export interface VerifySurroundings {
  readonly service: string;
  readonly domainsOf: (service: string) => readonly string[];
  readonly locate: (stage: VerifyStage, index: number) => SourceLocation;
}

/** What was written about checks, with everything that was left out filled in. */
export const verifyPlanOf = (
  written: VerifyManifest,
  around: VerifySurroundings,
): { readonly plan: VerifyPlan; readonly problems: readonly PointsmanError[] } => {
  const problems: PointsmanError[] = [];
  const stageOf = (stage: VerifyStage): readonly Check[] => {
    const checks = (written[stage] ?? []).map((check) => checkOf(check, around));
    checks.forEach((check, index) => {
      const problem = problemOf(check, stage, around, checks.slice(0, index));
      if (problem === undefined) return;
      problems.push(new PointsmanError('MANIFEST_INVALID', { ...problem, where: around.locate(stage, index) }));
    });
    return checks;
  };
  return { plan: { before: stageOf('before'), during: stageOf('during'), after: stageOf('after') }, problems };
};

/** Smoke checks are asked of each new replica; their names are told apart by number where they would be the same. */
export const smokeChecksOf = (written: readonly SmokeManifest[], service: string): readonly Check[] => {
  const checks = written.map((each) => checkOf({ ...each, through: 'replicas' }, { service, domainsOf: () => [] }));
  return checks.map((check, index) => {
    const same = checks.slice(0, index).filter(({ name }) => name === check.name).length;
    return same === 0 ? check : { ...check, name: `${check.name} (${same + 1})` };
  });
};

const checkOf = (
  written: CheckManifest,
  { service, domainsOf }: Pick<VerifySurroundings, 'service' | 'domainsOf'>,
): Check => {
  const question = questionOf(written);
  const asked = written.service ?? service;
  const canGoThroughProxy = (question.kind === 'http' || question.kind === 'sse') && publicDomain(domainsOf(asked));
  const through = written.through ?? (canGoThroughProxy ? 'proxy' : 'replicas');
  const whom = written.service === undefined ? '' : ` of ${written.service}`;
  return {
    name: written.name ?? `${nameOf(question)}${whom}`,
    ...(written.service !== undefined && { service: serviceName(written.service) }),
    through,
    withinSeconds: written.within === undefined ? withinSeconds : durationMs(written.within) / 1000,
    everySeconds: written.every === undefined ? everySeconds : durationMs(written.every) / 1000,
    question,
  };
};

const publicDomain = (domains: readonly string[]): boolean => domains.some((domain) => !domain.startsWith('*'));

const questionOf = ({ http, sse, tcp, exec, log }: CheckManifest): Question => {
  if (http !== undefined) {
    const { method = 'GET', headers = {}, status = 200, json = {}, ...rest } = http;
    return { kind: 'http', method: method.toUpperCase(), headers, status, json, ...withoutUndefined(rest) };
  }
  if (sse !== undefined) return { kind: 'sse', ...withoutUndefined(sse) };
  if (exec !== undefined) return { kind: 'exec', ...withoutUndefined(exec) };
  if (log !== undefined) return { kind: 'log', ...log };
  return { kind: 'tcp', ...withoutUndefined(tcp ?? {}) };
};

type Defined<Given> = { [Key in keyof Given]: Exclude<Given[Key], undefined> };

/** zod's optional keys may hold undefined; ours are there or not. */
const withoutUndefined = <Given extends object>(given: Given): Defined<Given> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<Given>;

const nameOf = (question: Question): string => {
  switch (question.kind) {
    case 'http':
      return `${question.method} ${question.path}`;
    case 'sse':
      return `stream ${question.path}`;
    case 'tcp':
      return question.port === undefined ? 'open port' : `open port ${question.port}`;
    case 'exec':
      return question.command.join(' ').replaceAll(/\s+/g, ' ').slice(0, 60);
    case 'log':
      return `log line "${question.contains}"`;
  }
};

const problemOf = (
  check: Check,
  stage: VerifyStage,
  { service, domainsOf }: VerifySurroundings,
  earlier: readonly Check[],
): { readonly message: string; readonly fix: string } | undefined => {
  const asked = check.service ?? service;
  const about = `${service}: the check "${check.name}" of verify.${stage}`;
  if (earlier.some(({ name }) => name === check.name)) {
    return { message: `${about} is there twice.`, fix: 'Give one of them another name.' };
  }
  if (check.question.kind === 'log' && stage !== 'after') {
    return { message: `${about} waits for a new replica's line.`, fix: 'Put it under verify.after.' };
  }
  if (check.through === 'proxy' && !publicDomain(domainsOf(asked))) {
    const fix = `Give ${asked} a domain, or ask its replicas (through: replicas).`;
    return { message: `${about} goes through the proxy, but ${asked} has no domain.`, fix };
  }
  return undefined;
};
