import type { Address } from '../model/index.ts';
import type { ProxyLink } from '../traffic/index.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import type { StateStore } from './store/index.ts';
import type { TableSurroundings } from './table-surroundings.ts';

/** Where the proxy listens for us, as it said itself. Ports that the system chose are kept for the next start. */
export class ListeningAt {
  readonly #store: StateStore;
  readonly #records: Records;
  #public: Address | undefined;
  #secure: Address | undefined;
  #checks: Address | undefined;

  constructor({ store, records }: { readonly store: StateStore; readonly records: Records }) {
    this.#store = store;
    this.#records = records;
  }

  /** undefined before the first table. */
  get public(): Address | undefined {
    return this.#public;
  }

  /** Of https; undefined: nowhere. */
  get secure(): Address | undefined {
    return this.#secure;
  }

  /** Where requests of ours are served and not sent to https. */
  get checks(): Address | undefined {
    return this.#checks ?? this.#public;
  }

  isWhere({ http, https }: TableSurroundings): boolean {
    return isAt(this.#public, http) && isAt(this.#secure, https?.address);
  }

  note(listeners: ProxyLink['hello']['listeners']): void {
    const addressOf = (id: string): Address | undefined => {
      const found = listeners.find((listener) => listener.id === id);
      return found === undefined ? undefined : { host: found.address, port: found.port };
    };
    this.#secure = addressOf('https');
    this.#checks = addressOf('checks');
    this.#public = addressOf('http') ?? this.#public;
    const settings = this.#records.settings();
    const publicPort = this.#public?.port ?? settings.publicPort;
    const securePort = this.#secure?.port ?? settings.securePort;
    if (settings.publicPort === publicPort && settings.securePort === securePort) return;
    this.#store.record([put.settings({ ...settings, publicPort, ...(securePort !== undefined && { securePort }) })]);
  }
}

/** Port 0 leaves the choice to the system; nothing asked for is nowhere. */
const isAt = (address: Address | undefined, asked: Address | undefined): boolean =>
  asked === undefined
    ? address === undefined
    : address?.host === asked.host && (asked.port === 0 || address.port === asked.port);
