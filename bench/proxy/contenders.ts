import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { caddyConfig, haproxyConfig, nginxConfig, nginxProxyConfig } from './configs.ts';
import { endPointsman, soon, startPointsman, tableTo, upstreamOn } from './pointsman.ts';
import { endChild, freePort, startListening } from './process.ts';

/** One proxy in front of the origin. */
export interface Running {
  readonly port: number;
  /** Its first process: the others are its children. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** Rejects when its program is absent. `folder` is empty and its own. */
type Start = (folder: string, originPort: number) => Promise<Running>;

/** The same with so many workers. */
type StartWith = (folder: string, originPort: number, workers: number) => Promise<Running>;

export const pointsman: StartWith = async (folder, originPort, workers) => {
  const link = await startPointsman(folder, workers);
  const { listeners } = await link.publish(tableTo(1, [upstreamOn(originPort)]), soon());
  return { port: listeners[0]?.port ?? 0, pid: link.hello.pid, stop: () => endPointsman(link) };
};

export const nginx: StartWith = (folder, originPort, workers) =>
  program(async (port) => {
    const file = join(folder, 'nginx.conf');
    await writeFile(file, nginxConfig(folder, 'nginx', workers, nginxProxyConfig(port, originPort)));
    return ['nginx', '-c', file];
  });

/** Its threads do what others have processes for. */
export const haproxy: StartWith = (folder, originPort, workers) =>
  program(async (port) => {
    const file = join(folder, 'haproxy.cfg');
    await writeFile(file, haproxyConfig(port, originPort, workers));
    return ['haproxy', '-db', '-f', file];
  });

/** Each in the form that one would use it in: kept connections to the origin, forwarded fields set, no access log, one worker. */
export const contenders: Readonly<Record<string, Start>> = {
  Pointsman: (folder, originPort) => pointsman(folder, originPort, 1),
  nginx: (folder, originPort) => nginx(folder, originPort, 1),
  HAProxy: (folder, originPort) => haproxy(folder, originPort, 1),
  Caddy: (folder, originPort) =>
    program(async (port) => {
      const file = join(folder, 'Caddyfile');
      await writeFile(file, caddyConfig(port, originPort));
      return ['env', 'GOMAXPROCS=1', `HOME=${folder}`, 'caddy', 'run', '--adapter', 'caddyfile', '--config', file];
    }),
  'http-proxy': (_folder, originPort) =>
    program((port) => Promise.resolve([process.execPath, baseline, String(port), String(originPort)])),
};

/** No proxy at all: what is left of one on Node's sockets that looks at nothing. */
export const bareNode: Start = (_folder, originPort) =>
  program((port) =>
    Promise.resolve([process.execPath, '--disable-warning=DEP0111', bareForwarder, String(port), String(originPort)]),
  );

const bareForwarder = fileURLToPath(new URL('bare-node.mjs', import.meta.url));
const baseline = fileURLToPath(new URL('http-proxy.mjs', import.meta.url));

const program = async (command: (port: number) => Promise<readonly string[]>): Promise<Running> => {
  const port = await freePort();
  const child = await startListening(await command(port), port);
  return { port, pid: child.pid ?? 0, stop: () => endChild(child) };
};
