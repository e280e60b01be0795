import { lookByTcp, lookWithin } from '../health/index.ts';
import type { Address, Question, ReplicaId } from '../model/index.ts';
import { askByExec } from './exec-question.ts';
import { askByHttp } from './http-question.ts';
import { askByLog } from './log-question.ts';
import type { Ask, AskPorts, CheckTarget, Finding } from './port.ts';
import { askBySse } from './sse-question.ts';

/** Asks for real: sockets from here to the proxy or a replica, commands and output through the engine. */
export const createAsk =
  (ports: AskPorts): Ask =>
  (question, target, limits) =>
    lookWithin(ports.clock, limits, (signal) => askBy(ports, { question, target, signal }));

interface Asked {
  readonly question: Question;
  readonly target: CheckTarget;
  readonly signal: AbortSignal;
}

const askBy = (ports: AskPorts, { question, target, signal }: Asked): Promise<Finding> => {
  switch (question.kind) {
    case 'http':
      return withAddress(target, (address) => askByHttp(question, { address, host: hostOf(target) }, signal));
    case 'sse':
      return withAddress(target, (address) => askBySse(question, { address, host: hostOf(target) }, signal));
    case 'tcp':
      return withAddress(target, ({ host, port }) => lookByTcp({ host, port: question.port ?? port }, signal));
    case 'exec':
      return inReplica(target, (replica) => askByExec(ports, question, replica, signal));
    case 'log':
      return inReplica(target, (replica) => askByLog(ports, question, replica, signal));
  }
};

const hostOf = ({ host, address }: CheckTarget): string => host ?? `${address?.host}:${address?.port}`;

const withAddress = async (target: CheckTarget, ask: (address: Address) => Promise<Finding>): Promise<Finding> =>
  target.address === undefined
    ? { ok: false, words: 'there is no address to ask (does it publish a port?)' }
    : ask(target.address);

const inReplica = async (target: CheckTarget, ask: (replica: ReplicaId) => Promise<Finding>): Promise<Finding> =>
  target.kind === 'replica' ? ask(target.id) : { ok: false, words: 'only a replica can be asked this' };
