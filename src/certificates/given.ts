import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { PointsmanError } from '../model/index.ts';
import type { CertificateFiles } from '../model/index.ts';

/** A certificate with its key, ready to serve with. */
export interface Certificate {
  /** PEM, intermediate ones included. */
  readonly cert: string;
  readonly key: string;
  readonly expiresAt: number;
  covers(name: string): boolean;
}

/** Reads and checks what a user gave. Throws CERTIFICATE_INVALID with the reason. */
export const readCertificate = async ({ cert, key }: CertificateFiles): Promise<Certificate> => {
  const certificate = await readFile(cert, 'utf8').catch((error: Error) => refuse(cert, error.message));
  const privateKey = await readFile(key, 'utf8').catch((error: Error) => refuse(key, error.message));
  const parsed = parsedOr(
    () => new X509Certificate(certificate),
    () => refuse(cert, 'it is no certificate in PEM form'),
  );
  const secret = parsedOr(
    () => createPrivateKey(privateKey),
    () => refuse(key, 'it is no private key in PEM form without a passphrase'),
  );
  if (!parsed.checkPrivateKey(secret)) refuse(cert, `the key in ${key} does not belong to it`);
  const now = Date.now();
  if (parsed.validToDate.getTime() <= now) refuse(cert, `it expired on ${parsed.validTo}`);
  if (parsed.validFromDate.getTime() > now) refuse(cert, `it is not valid before ${parsed.validFrom}`);
  try {
    createSecureContext({ cert: certificate, key: privateKey });
  } catch (error) {
    refuse(cert, (error as Error).message);
  }
  return certificateOf(certificate, privateKey);
};

/** What is known to be right already. */
export const certificateOf = (cert: string, key: string): Certificate => {
  const parsed = new X509Certificate(cert);
  return {
    cert,
    key,
    expiresAt: parsed.validToDate.getTime(),
    covers: (name) => covers(parsed, name),
  };
};

/** `*.name` is covered by the same wildcard only: a name below it stands for all. */
const covers = (certificate: X509Certificate, name: string): boolean =>
  certificate.checkHost(name.replace(/^\*\./, 'any-name.'), { subject: 'never' }) !== undefined;

const parsedOr = <Value>(parse: () => Value, otherwise: () => never): Value => {
  try {
    return parse();
  } catch {
    return otherwise();
  }
};

const refuse = (file: string, reason: string): never => {
  throw new PointsmanError('CERTIFICATE_INVALID', {
    message: `the certificate ${file} can't be used: ${reason}`,
    fix: 'give a PEM file with the certificate and its intermediate ones, and one with its key',
  });
};
