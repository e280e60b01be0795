import type { RequestOutcome } from '../../model/index.ts';
import type { RequestHead } from '../codec/request-head.ts';
import { CompiledAnswer } from './edge-answer.ts';
import type { Switchboard } from './switchboard.ts';

/** What a request gets that no route leads on: the way to https where its listener is there for that, or the answer for unknown hosts. */
export const answerWithoutRoute = (
  switchboard: Switchboard,
  listener: string,
  head: Pick<RequestHead, 'host' | 'target'>,
): { readonly answer: CompiledAnswer; readonly outcome: RequestOutcome } => {
  const port = switchboard.redirectPort(listener);
  if (port === undefined || head.host === '') return { answer: switchboard.unknownHost, outcome: 'unknown-host' };
  const host = head.host.replace(/:\d*$/, '');
  const target = head.target === '*' ? '/' : head.target;
  const location = `https://${host}${port === 443 ? '' : `:${port}`}${target}`;
  // 308 and not 301: the method and its content stay.
  return {
    answer: new CompiledAnswer({ status: 308, headers: { Location: location }, body: '' }),
    outcome: 'redirected',
  };
};
