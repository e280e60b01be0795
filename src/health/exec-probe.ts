import type { Look } from './port.ts';

/** Whether a command in the replica exits with 0. */
export const lookByExec = async (
  run: () => Promise<{ readonly exitCode: number; readonly output: string }>,
  command: readonly string[],
): Promise<Look> => {
  const { exitCode, output } = await run();
  const name = command.join(' ');
  if (exitCode === 0) return { ok: true, words: `${name} exited with 0` };
  const said = output.trim().split('\n').at(-1)?.trim().slice(0, 200) ?? '';
  return { ok: false, words: `${name} exited with ${exitCode}${said === '' ? '' : `: ${said}`}` };
};
