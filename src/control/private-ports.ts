import { once } from 'node:events';
import { createServer } from 'node:net';

import type { ServiceName } from '../model/index.ts';
import { serviceName } from '../model/index.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import type { StateStore } from './store/index.ts';
import { loopbackHost } from './table-surroundings.ts';

/** A port on 127.0.0.1 for each service, the same as long as it can be: other services' variables name it. */
export class PrivatePorts {
  readonly #store: StateStore;
  readonly #records: Records;

  constructor(store: StateStore, records: Records) {
    this.#store = store;
    this.#records = records;
  }

  async reserve(services: readonly ServiceName[]): Promise<void> {
    for (const service of services) {
      if (this.#records.settings().privatePorts[service] === undefined) this.#keep(service, await freePort());
    }
  }

  /**
   * After the machine was started anew somebody else may have a port that our proxy does not hold: the service gets another one,
   * and whoever names it is rolled out with that. Returns the services that moved.
   */
  async replaceTaken(held: ReadonlySet<number>): Promise<readonly ServiceName[]> {
    const moved: ServiceName[] = [];
    for (const [name, port] of Object.entries(this.#records.settings().privatePorts)) {
      if (held.has(port) || (await isFree(port))) continue;
      this.#keep(serviceName(name), await freePort());
      moved.push(serviceName(name));
    }
    return moved;
  }

  #keep(service: ServiceName, port: number): void {
    const settings = this.#records.settings();
    this.#store.commit([put.settings({ ...settings, privatePorts: { ...settings.privatePorts, [service]: port } })]);
  }
}

const isFree = async (port: number): Promise<boolean> => {
  try {
    return (await listenOnce(port)) === port;
  } catch {
    return false;
  }
};

const freePort = (): Promise<number> => listenOnce(0);

/** Returns the port. */
const listenOnce = async (port: number): Promise<number> => {
  const server = createServer();
  server.listen({ port, host: loopbackHost, exclusive: true });
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};
