import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { certificateOf, certifies } from '../../../certificates/index.ts';
import type { Certificate } from '../../../certificates/index.ts';
import type { CertificatePair } from '../../messages.ts';

/** Names remembered with what they were given; clients choose the names, so there is an end to it. */
const mostNames = 1_000;
/** An issued certificate is not shown any more when it has less than this to live. */
const remainingMs = 7 * 86_400_000;

interface Ready {
  readonly context: SecureContext;
  readonly certificate: Certificate;
}

/** Which certificate a client is shown for the name it asks for. */
export class CertificateChoice {
  readonly #issue: (name: string) => Promise<CertificatePair | undefined>;
  #given: readonly Ready[] = [];
  #hasAuthority = false;
  readonly #issued = new Map<string, Promise<Ready | undefined>>();

  constructor(issue: (name: string) => Promise<CertificatePair | undefined>) {
    this.#issue = issue;
  }

  /** Returns what clients are shown that ask for no name. */
  use(certificates: readonly CertificatePair[], hasAuthority: boolean): CertificatePair | undefined {
    this.#given = certificates.map(readyOf);
    this.#hasAuthority = hasAuthority;
    this.#issued.clear();
    return certificates[0];
  }

  /** undefined: the certificate for no name, which lets the client say in its own words that it is another's. */
  async contextFor(name: string): Promise<SecureContext | undefined> {
    const given = this.#given.find(({ certificate }) => certificate.covers(name));
    if (given !== undefined || !this.#hasAuthority || !certifies(name)) return given?.context;
    return (await this.#issuedFor(name.toLowerCase()))?.context;
  }

  async #issuedFor(name: string): Promise<Ready | undefined> {
    const known = await this.#issued.get(name);
    if (known !== undefined && known.certificate.expiresAt - Date.now() > remainingMs) return known;
    if (this.#issued.size >= mostNames) this.#issued.clear();
    const issued = this.#issue(name).then((pair) => (pair === undefined ? undefined : readyOf(pair)));
    this.#issued.set(name, issued);
    return issued;
  }
}

const readyOf = ({ cert, key }: CertificatePair): Ready => ({
  context: createSecureContext({ cert, key }),
  certificate: certificateOf(cert, key),
});
