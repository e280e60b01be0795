import { connect } from 'node:net';
import { LineSplitter } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import { proxyFolder } from '../protocol/index.ts';
import type { OperatorAnswer } from '../protocol/index.ts';

/** Has a running proxy replace its workers, and says what happens. How many TCP connections stay with those of before. Throws PROXY_UNREACHABLE or PROXY_UPGRADE_FAILED. */
export const upgradeProxy = (stateFolder: string, withinMs: number, say: (line: string) => void): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = connect(proxyFolder(stateFolder).operatorSocket);
    const lines = new LineSplitter((line) => {
      const answer = JSON.parse(line) as OperatorAnswer;
      if (answer.kind === 'failed') reject(upgradeFailed(answer.reason));
      else if (answer.kind === 'done') resolve(answer.lingering);
      else say(described(answer, withinMs));
    });
    socket.on('connect', () => socket.write(`${JSON.stringify({ kind: 'upgrade', withinMs })}\n`));
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.on('error', (error) => reject(unreachable(stateFolder, error.message)));
    socket.on('close', () => reject(unreachable(stateFolder, 'it ended meanwhile')));
  });

const described = ({ serving, leaving }: Extract<OperatorAnswer, { kind: 'serving' }>, withinMs: number): string => {
  const count = `${serving.length} new worker${serving.length === 1 ? '' : 's'}`;
  const wait = `those of before (${leaving.join(', ')}) have ${withinMs / 1_000} s to finish`;
  return `${count} (${serving.join(', ')}) ${serving.length === 1 ? 'serves' : 'serve'}; ${wait}`;
};

const upgradeFailed = (reason: string): PointsmanError =>
  new PointsmanError('PROXY_UPGRADE_FAILED', {
    message: `the proxy could not be upgraded: ${reason}`,
    fix: 'what served before goes on serving; proxy.log in its state folder says more',
  });

const unreachable = (stateFolder: string, reason: string): PointsmanError =>
  new PointsmanError('PROXY_UNREACHABLE', {
    message: `no proxy answers in ${stateFolder}: ${reason}`,
    fix: 'name the folder with --state-dir; `pointsman up` starts a proxy where none runs',
  });
