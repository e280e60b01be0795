import type { Address, NameZone } from '../../model/index.ts';
import type { NameServer } from './name-server.ts';

/** The name servers of all networks. They stay open from table to table; only what they answer changes. Their program is loaded with the first. */
export class NameServers {
  readonly #open = new Map<string, NameServer>();

  /** Opens what the zones need and is not there; all or nothing. Serves nothing yet. */
  async prepare(zones: readonly NameZone[]): Promise<void> {
    const opened: string[] = [];
    try {
      for (const zone of zones.filter(({ bind }) => !this.#open.has(keyOf(bind)))) {
        const { NameServer } = await import('./name-server.ts');
        const server = new NameServer(zone.bind);
        await server.open();
        this.#open.set(keyOf(zone.bind), server);
        opened.push(keyOf(zone.bind));
      }
    } catch (error) {
      for (const key of opened) this.#close(key);
      throw error;
    }
  }

  /** The zones' records take the place of all before; servers that no zone needs are closed. */
  serve(zones: readonly NameZone[]): void {
    const wanted = new Set(zones.map((zone) => keyOf(zone.bind)));
    for (const zone of zones) this.#open.get(keyOf(zone.bind))?.serve(zone);
    for (const key of this.#open.keys()) if (!wanted.has(key)) this.#close(key);
  }

  close(): void {
    this.serve([]);
  }

  #close(key: string): void {
    this.#open.get(key)?.close();
    this.#open.delete(key);
  }
}

const keyOf = (address: Address): string => `${address.host}:${address.port}`;
