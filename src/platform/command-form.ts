import type { RolloutPolicy } from '../model/index.ts';
import type { Findings } from './findings.ts';
import type { PolicyInput } from './policy-input.ts';

/** How the start command reaches the process. */
export const commandFormOf = ({ facts }: PolicyInput, findings: Findings): RolloutPolicy['commandForm'] => {
  const rule = findings.rule(facts.packaging === 'container' ? 'command.container' : 'command.source');
  const shellWanted = facts.startCommand !== undefined && usesShell(facts.startCommand);
  if (rule === 'as-needed') return shellWanted ? 'shell' : 'exec';
  if (rule === 'exec' && shellWanted) {
    findings.notes.push(
      `deploy.startCommand uses shell syntax, but ${findings.platform} starts it without a shell: wrap it as /bin/sh -c "exec …".`,
    );
  }
  return rule;
};

const builtins = new Set(['cd', 'export', 'source', 'set', 'exec', 'eval', '.']);

/** Whether a command line means something else to a shell than as a plain list of words. */
export const usesShell = (command: string): boolean => {
  const words = command.trim().split(/\s+/);
  const [first = '', second = ''] = words;
  if (/(^|\/)(ba|da|z)?sh$/.test(first) && /^-\w*c$/.test(second)) return false;
  if (builtins.has(first) || /^\w+=/.test(first)) return true;
  const unquoted = command.replaceAll(/'[^']*'/g, '');
  return /[$`]/.test(unquoted) || /[&|;<>()*?~\n]/.test(unquoted.replaceAll(/"[^"]*"/g, ''));
};
