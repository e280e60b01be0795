import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { PreparedScope } from '../port.ts';
import type { Placement } from './container-config.ts';
import type { Ownership } from './labels.ts';

/** What every operation of one Docker engine works with. */
export interface DockerContext {
  readonly docker: Docker;
  readonly ownership: Ownership;
  readonly scopePlace: ScopePlace;
}

/** The scope's network and what follows from it, looked up once. */
export class ScopePlace {
  readonly #lookUp: (signal: AbortSignal) => Promise<Placement>;
  #known: Placement | undefined;

  constructor(lookUp: (signal: AbortSignal) => Promise<Placement>) {
    this.#lookUp = lookUp;
  }

  async get(signal: AbortSignal): Promise<Placement> {
    return this.#known ?? (await this.refresh(signal));
  }

  async refresh(signal: AbortSignal): Promise<Placement> {
    this.#known = await this.#lookUp(signal);
    return this.#known;
  }

  /** The network has gone. */
  forget(): void {
    this.#known = undefined;
  }
}

/** Names are ours to serve only where the replicas' own addresses are what the proxy uses. */
export const servedNames = ({ network, publish }: Placement): PreparedScope['names'] =>
  network.canServeNames && !publish ? { bind: { host: network.gateway, port: 53 }, subnet: network.subnet } : undefined;

/** The first resolver of this machine that a container can reach too. systemd's stub on 127.0.0.53 can't; its own file names the real one. */
export const hostResolver = async (): Promise<string | undefined> => {
  for (const file of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const servers = [...text.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map((match) => match[1]);
    const reachable = servers.find((server) => server !== undefined && !server.startsWith('127.'));
    if (reachable !== undefined) return reachable;
  }
  return undefined;
};
