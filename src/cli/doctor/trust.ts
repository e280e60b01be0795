import { copyFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { authorityFolder, openAuthority } from '../../certificates/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { Session } from '../session.ts';
import type { Finding } from './finding.ts';
import { trustStores } from './trust-stores.ts';
import type { TrustStep, TrustStore } from './trust-stores.ts';

/** Makes this machine's programs believe the authority for localhost names. Says each step before it; throws TRUST_FAILED. */
export const trustAuthority = async ({ environment, output, signal }: Session): Promise<readonly Finding[]> => {
  const { variables } = environment;
  const authority = await openAuthority(authorityFolder(variables));
  const stores = trustStores(authority.certificateFile, {
    platform: process.platform,
    home: variables['HOME'] ?? homedir(),
    has: (program) => isOnPath(program, variables['PATH'] ?? ''),
    exists: existsSync,
  });
  if (stores.length === 0) throw noStore(authority.certificateFile);
  const findings: Finding[] = [];
  for (const store of stores) findings.push(await addTo(store, (step) => output.note(wordsOf(step)), signal));
  return findings;
};

const addTo = async (store: TrustStore, tell: (step: TrustStep) => void, signal: AbortSignal): Promise<Finding> => {
  try {
    for (const step of store.steps) {
      tell(step);
      await carryOut(step, signal);
    }
  } catch (error) {
    throw failed(store, error);
  }
  return { about: 'trust', state: 'good', message: `${store.about} believes it now` };
};

const carryOut = async (step: TrustStep, signal: AbortSignal): Promise<void> => {
  if (step.kind === 'copy') return copyFile(step.from, step.to);
  const [program, ...args] = step.command;
  await execa(program, args, { cancelSignal: signal, stdin: 'ignore' });
};

const isOnPath = (program: string, path: string): boolean =>
  path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));

const wordsOf = (step: TrustStep): string =>
  step.kind === 'copy' ? `cp ${step.from} ${step.to}` : step.command.join(' ');

const failed = ({ about, needsRoot, steps }: TrustStore, error: unknown): PointsmanError => {
  const { code, message, shortMessage } = error as NodeJS.ErrnoException & { readonly shortMessage?: string };
  const mayNot = needsRoot && (code === 'EACCES' || code === 'EPERM' || process.getuid?.() !== 0);
  const commands = steps.map((step) => `${needsRoot ? 'sudo ' : ''}${wordsOf(step)}`).join(' && ');
  return new PointsmanError('TRUST_FAILED', {
    message: `${about} could not be told: ${mayNot ? 'it takes root' : (shortMessage ?? message)}`,
    fix: `run: ${commands}`,
    cause: error,
  });
};

const noStore = (certificate: string): PointsmanError =>
  new PointsmanError('TRUST_FAILED', {
    message:
      'there is no trust store here that Pointsman knows (update-ca-certificates, update-ca-trust, security, certutil)',
    fix: `import ${certificate} by hand where your clients look`,
  });
