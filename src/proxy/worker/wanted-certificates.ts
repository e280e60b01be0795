import type { CertificatePair, FromWorker } from '../messages.ts';

/** Asks the master for certificates by name, once for all who wait for the same one. */
export class WantedCertificates {
  readonly #send: (message: FromWorker) => void;
  readonly #waiting = new Map<string, PromiseWithResolvers<CertificatePair | undefined>>();

  constructor(send: (message: FromWorker) => void) {
    this.#send = send;
  }

  get(listener: string, name: string): Promise<CertificatePair | undefined> {
    const key = keyOf(listener, name);
    const known = this.#waiting.get(key);
    if (known !== undefined) return known.promise;
    const asked = Promise.withResolvers<CertificatePair | undefined>();
    this.#waiting.set(key, asked);
    this.#send({ kind: 'certificate-wanted', listener, name });
    return asked.promise;
  }

  answer(listener: string, name: string, certificate: CertificatePair | undefined): void {
    const key = keyOf(listener, name);
    this.#waiting.get(key)?.resolve(certificate);
    this.#waiting.delete(key);
  }
}

const keyOf = (listener: string, name: string): string => `${listener} ${name}`;
