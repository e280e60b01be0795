import { execa } from 'execa';

const checks = {
  types: ['tsc', '--noEmit', '--project', '.'],
  lint: ['oxlint', '--type-aware', '--max-warnings=0'],
  format: ['oxfmt', '--check', '.'],
  'import rules': ['depcruise', 'src', '--config', '.dependency-cruiser.mjs'],
  'unused code': ['knip'],
} as const;

export type CheckName = keyof typeof checks;
export const checkNames = Object.keys(checks) as readonly CheckName[];

export interface CheckResult {
  readonly name: CheckName;
  readonly ok: boolean;
  readonly output: string;
}

export const runCheck = async (name: CheckName): Promise<CheckResult> => {
  const [command, ...args] = checks[name];
  const result = await execa(command, args, { all: true, reject: false, preferLocal: true });
  return { name, ok: result.exitCode === 0, output: result.all };
};
