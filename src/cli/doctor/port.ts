import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Session } from '../session.ts';
import { runningSupervisor } from '../supervisor/index.ts';
import type { Finding } from './finding.ts';

const about = 'proxy port';
const usualAddress = '127.0.0.1:8080';

export const examinePort = async (session: Session): Promise<Finding> => {
  const proxy = (await runningSupervisor(session))?.proxy;
  if (proxy !== undefined) return { about, state: 'good', message: `this project's proxy listens on ${proxy.http}` };
  const address = session.settings.http ?? usualAddress;
  const at = address.lastIndexOf(':');
  const trouble = await tryToListen(address.slice(0, at), Number(address.slice(at + 1)));
  if (trouble === undefined) return { about, state: 'good', message: `${address} is free` };
  return {
    about,
    state: 'missing',
    message: `${address} can't be had: ${trouble}.`,
    fix: 'End what listens there, or choose another address with --http (127.0.0.1:0 takes any free port).',
  };
};

const tryToListen = async (host: string, port: number): Promise<string | undefined> => {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    server.close();
  }
};
