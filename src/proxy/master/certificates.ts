import type { Authority, Certificate } from '../../certificates/index.ts';
import type { HttpsListener, Listener } from '../../model/index.ts';
import type { TableChange } from '../../protocol/index.ts';
import type { CertificatePair } from '../messages.ts';
import { FileWatch } from './file-watch.ts';
import type { HeldTable } from './held-table.ts';
import type { Order } from './worker-process.ts';

export interface CertificatesOptions {
  /** Brings an order to every worker. */
  readonly tell: (order: Order) => Promise<unknown>;
  /** Something a person should know. */
  readonly notice: (message: string) => void;
}

/** What one https listener serves with. */
interface Served {
  readonly listener: HttpsListener;
  readonly given: readonly Certificate[];
  readonly authority: Authority | undefined;
  /** For clients that name nobody; only where there is an authority. */
  readonly bare: Certificate | undefined;
}

/** Read and checked, but not served with yet. */
export interface CertificateChange {
  readonly served: readonly Served[];
  /** Hosts with routes for which no certificate speaks: clients will refuse what they are shown. */
  readonly uncovered: readonly string[];
}

/** An issued certificate is replaced when it has less than this to live. */
const remainingMs = 30 * 86_400_000;
/** What was encrypted with a key that is gone costs its client one whole handshake. */
const ticketKeyMs = 12 * 3_600_000;
/** Clients choose the names, so there is an end to how many are remembered. */
const mostNames = 1_000;

/** Reads, checks, issues and watches what https listeners serve with. Private keys stay out of the table. */
export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #watch: FileWatch;
  readonly #issued = new Map<string, Certificate>();
  #served: readonly Served[] = [];
  /** For the sessions of clients that come again; there is one from the first https listener on. */
  #ticketKey: string | undefined;
  #rotation: NodeJS.Timeout | undefined;
  /** What was wrong at the last look, so that it is told once. */
  #told = '';
  #uncovered: ReadonlySet<string> = new Set();

  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#watch = new FileWatch((isSettled) => void this.#reload(isSettled), options.notice);
  }

  /** What a new worker needs. */
  get orders(): readonly Order[] {
    return [...this.#ticketKeyOrders, ...this.#served.map(orderOf)];
  }

  /** Throws CERTIFICATE_INVALID or AUTHORITY_UNUSABLE. What serves already is taken as it is, also when its files went bad since. */
  async prepare(listeners: readonly Listener[]): Promise<CertificateChange> {
    const secure = listeners.filter((listener) => listener.kind === 'https');
    const served = await Promise.all(secure.map((listener) => this.#keptOrRead(listener)));
    const uncovered = await Promise.all(secure.map((listener, index) => uncoveredBy(listener, served[index])));
    return { served, uncovered: uncovered.flat() };
  }

  /** Workers have it when this resolves. */
  async take({ served, uncovered }: CertificateChange): Promise<void> {
    this.#tellUncovered(uncovered);
    this.#uncovered = new Set(uncovered);
    const fresh = served.filter((each) => !this.#served.includes(each));
    this.#served = served;
    this.#watch.watch(served.flatMap(({ listener }) => listener.certificates.flatMap(({ cert, key }) => [cert, key])));
    if (served.length > 0 && this.#ticketKey === undefined) this.#useNewTicketKey();
    await Promise.all(fresh.map((each) => this.#options.tell(orderOf(each))));
  }

  /** The listeners stay, but hosts that come may be covered by none of their certificates, and what was issued grows old. */
  async takeChange({ routes }: TableChange, held: HeldTable): Promise<void> {
    if (this.#served.length === 0) return;
    if (this.#served.some(needsRenewal)) await this.#renew(held);
    for (const { listener, gone, put } of routes) {
      const served = this.#served.find((each) => each.listener.id === listener);
      const uncovered = served === undefined ? [] : await uncoveredBy({ routes: put }, served);
      this.#tellUncovered(uncovered);
      const left = new Set(gone.map(({ host }) => host));
      this.#uncovered = new Set([...[...this.#uncovered].filter((host) => !left.has(host)), ...uncovered]);
    }
  }

  /** For a name that a client asked for; undefined when nobody vouches for it. */
  issue(listener: string, name: string): CertificatePair | undefined {
    const authority = this.#served.find((each) => each.listener.id === listener)?.authority;
    if (authority === undefined) return undefined;
    const key = `${authority.folder} ${name}`;
    const known = this.#issued.get(key);
    if (known !== undefined && known.expiresAt - Date.now() > remainingMs) return pairOf(known);
    if (this.#issued.size >= mostNames) this.#issued.clear();
    const certificate = authority.issue(name);
    this.#issued.set(key, certificate);
    return pairOf(certificate);
  }

  close(): void {
    this.#watch.close();
    clearTimeout(this.#rotation);
  }

  get #ticketKeyOrders(): readonly Order[] {
    return this.#ticketKey === undefined ? [] : [{ call: { kind: 'ticket-key', key: this.#ticketKey } }];
  }

  #useNewTicketKey(): void {
    // As `setTicketKeys` of Node wants it. Loaded only where there is https.
    this.#ticketKey = process.getBuiltinModule('node:crypto').randomBytes(48).toString('base64');
    for (const order of this.#ticketKeyOrders) void this.#options.tell(order);
    this.#rotation = setTimeout(() => this.#useNewTicketKey(), ticketKeyMs);
  }

  async #keptOrRead(listener: HttpsListener): Promise<Served> {
    const known = this.#served.find((each) => each.listener.id === listener.id);
    const isSame = known !== undefined && filesOf(known.listener) === filesOf(listener);
    return isSame && !needsRenewal(known) ? known : await read(listener);
  }

  /** A file has changed. A cert and its key are two files: until both have, they don't fit, which is no news. */
  async #reload(isSettled: boolean): Promise<void> {
    const problems: string[] = [];
    const served = await Promise.all(
      this.#served.map((before) =>
        read(before.listener).catch((error: Error) => {
          problems.push(error.message);
          return before;
        }),
      ),
    );
    // Of another table meanwhile: that one was read after the change.
    if (served.some(({ listener }, index) => listener !== this.#served[index]?.listener)) return;
    if (problems.length === 0) await this.#takeReloaded(served);
    else if (isSettled) this.#tell(`new certificates are not used, the ones before serve on: ${problems.join('; ')}`);
    else this.#watch.lookAgain();
  }

  async #takeReloaded(served: readonly Served[]): Promise<void> {
    const changed = served.map((each, index) => {
      const before = this.#served[index];
      return before !== undefined && contentOf(before) === contentOf(each) ? before : each;
    });
    if (changed.every((each, index) => each === this.#served[index])) return;
    const uncovered = await Promise.all(changed.map((each) => uncoveredBy(each.listener, each)));
    await this.take({ served: changed, uncovered: uncovered.flat() });
    this.#tell('new certificates are in use');
  }

  /** What serves serves on when it fails. */
  async #renew(held: HeldTable): Promise<void> {
    try {
      await this.take(await this.prepare(held.table.listeners));
    } catch (error) {
      this.#tell(`certificates are not renewed: ${(error as Error).message}`);
    }
  }

  #tellUncovered(hosts: readonly string[]): void {
    const news = hosts.filter((host) => !this.#uncovered.has(host));
    if (news.length > 0) this.#options.notice(`no certificate covers ${news.join(', ')}: https clients will refuse it`);
  }

  #tell(message: string): void {
    if (this.#told !== message || message.endsWith('in use')) this.#options.notice(message);
    this.#told = message;
  }
}

/** Loaded only where there is https. */
const read = async (listener: HttpsListener): Promise<Served> => {
  const { openAuthority, readCertificate } = await import('../../certificates/index.ts');
  const given = await Promise.all(listener.certificates.map(readCertificate));
  const authority = listener.authority === undefined ? undefined : await openAuthority(listener.authority);
  return { listener, given, authority, bare: authority?.issue('localhost') };
};

const uncoveredBy = async (
  { routes }: Pick<HttpsListener, 'routes'>,
  served: Served | undefined,
): Promise<readonly string[]> => {
  const { certifies } = await import('../../certificates/index.ts');
  const isCovered = (host: string): boolean =>
    served?.given.some((certificate) => certificate.covers(host)) === true ||
    (served?.authority !== undefined && certifies(host.replace(/^\*\./, '')));
  return [...new Set(routes.map(({ host }) => host))].filter((host) => host !== '*' && !isCovered(host));
};

const needsRenewal = ({ bare }: Served): boolean => bare !== undefined && bare.expiresAt - Date.now() < remainingMs;

const filesOf = ({ certificates, authority }: HttpsListener): string => JSON.stringify([certificates, authority]);

const contentOf = ({ given, authority }: Served): string => JSON.stringify([given.map(pairOf), authority?.certificate]);

const pairOf = ({ cert, key }: Certificate): CertificatePair => ({ cert, key });

const orderOf = ({ listener, given, authority, bare }: Served): Order => ({
  call: {
    kind: 'certificates',
    listener: listener.id,
    certificates: [...given, ...(bare === undefined ? [] : [bare])].map(pairOf),
    hasAuthority: authority !== undefined,
  },
});
