import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { execa } from 'execa';
import { nginxConfig, nginxProxyConfig } from '../proxy/configs.ts';
import { endPointsman, soon, startPointsman, tableTo, upstreamOn } from '../proxy/pointsman.ts';
import { endChild, freePort, startListening } from '../proxy/process.ts';

/** A proxy whose upstream can be changed while it serves. */
export interface Switchable {
  readonly port: number;
  /** Sends everything to the version on this port from now on; resolves with the last word that this proxy has to say on it. */
  readonly switchTo: (port: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Begins with the first of the two ports. Rejects when its program is absent. */
type Start = (folder: string, ports: readonly [number, number]) => Promise<Switchable>;

export const switchables: Readonly<Record<string, { readonly by: string; readonly start: Start }>> = {
  Pointsman: { by: 'a table, acknowledged', start: (folder, ports) => pointsman(folder, ports) },
  nginx: { by: 'nginx -s reload', start: (folder, ports) => nginx(folder, ports) },
  HAProxy: { by: 'runtime API: set server', start: (folder, ports) => haproxy(folder, ports) },
  Caddy: { by: 'admin API: PATCH upstreams', start: (folder, ports) => caddy(folder, ports) },
};

const pointsman: Start = async (folder, [first]) => {
  const link = await startPointsman(folder);
  let generation = 1;
  const publish = (port: number) => {
    generation += 1;
    return link.publish(tableTo(generation, [upstreamOn(port, `version-${generation}`)]), soon());
  };
  const { listeners } = await publish(first);
  return {
    port: listeners[0]?.port ?? 0,
    switchTo: async (port) => void (await publish(port)),
    stop: () => endPointsman(link),
  };
};

const nginx: Start = async (folder, [first]) => {
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  const write = (upstream: number): Promise<void> =>
    writeFile(file, nginxConfig(folder, 'nginx', 1, nginxProxyConfig(port, upstream)));
  await write(first);
  const child = await startListening(['nginx', '-c', file], port);
  return {
    port,
    switchTo: async (upstream) => {
      await write(upstream);
      await execa('nginx', ['-c', file, '-s', 'reload'], { timeout: 10_000 });
    },
    stop: () => endChild(child),
  };
};

const haproxy: Start = async (folder, ports) => {
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  const socket = join(folder, 'admin.sock');
  await writeFile(file, haproxyConfig(port, ports, socket));
  const child = await startListening(['haproxy', '-db', '-f', file], port);
  return {
    port,
    switchTo: async (upstream) => {
      const [next, last] = upstream === ports[0] ? ['first', 'second'] : ['second', 'first'];
      await say(socket, `set server app/${next} state ready; set server app/${last} state maint\n`);
    },
    stop: () => endChild(child),
  };
};

const say = async (path: string, command: string): Promise<string> => {
  const socket = connect(path);
  socket.end(command);
  return await text(socket);
};

const haproxyConfig = (port: number, [first, second]: readonly [number, number], socket: string): string => `global
  nbthread 1
  maxconn 2000
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  option forwardfor
  default_backend app
backend app
  server first 127.0.0.1:${first}
  server second 127.0.0.1:${second} disabled
`;

const caddy: Start = async (folder, [first]) => {
  const [port, admin] = [await freePort(), await freePort()];
  const file = join(folder, 'caddy.json');
  await writeFile(file, JSON.stringify(caddyConfig(port, admin, first)));
  const child = await startListening(['env', 'GOMAXPROCS=1', `HOME=${folder}`, 'caddy', 'run', '--config', file], port);
  return {
    port,
    switchTo: async (upstream) => {
      const answer = await fetch(`http://127.0.0.1:${admin}/id/app/upstreams`, {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify([{ dial: `127.0.0.1:${upstream}` }]),
        signal: soon(),
      });
      if (!answer.ok) throw new Error(`Caddy refused: ${await answer.text()}`);
      await answer.arrayBuffer();
    },
    stop: () => endChild(child),
  };
};

const caddyConfig = (port: number, admin: number, upstream: number) => ({
  admin: { listen: `127.0.0.1:${admin}`, config: { persist: false } },
  logging: { logs: { default: { level: 'ERROR' } } },
  apps: {
    http: {
      servers: {
        in: {
          listen: [`127.0.0.1:${port}`],
          automatic_https: { disable: true },
          routes: [
            { handle: [{ '@id': 'app', handler: 'reverse_proxy', upstreams: [{ dial: `127.0.0.1:${upstream}` }] }] },
          ],
        },
      },
    },
  },
});
