import type { Question, ReplicaId } from '../model/index.ts';
import type { AskPorts, Finding } from './port.ts';

/** Whether a command in the replica exits with 0 and, where asked, prints a text. */
export const askByExec = async (
  { exec }: AskPorts,
  { command, contains }: Extract<Question, { kind: 'exec' }>,
  replica: ReplicaId,
  signal: AbortSignal,
): Promise<Finding> => {
  const { exitCode, output } = await exec(replica, command, signal);
  const name = command.join(' ').replaceAll(/\s+/g, ' ').slice(0, 80);
  const last = output.trim().split('\n').at(-1)?.trim().slice(0, 200) ?? '';
  const said = last === '' ? '' : `: ${last}`;
  if (exitCode !== 0) return { ok: false, words: `\`${name}\` exited with ${exitCode}${said}` };
  if (contains !== undefined && !output.includes(contains)) {
    return { ok: false, words: `\`${name}\` did not print "${contains}"${said}` };
  }
  return { ok: true, words: `\`${name}\` exited with 0${said}` };
};
