import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PointsmanError } from '../model/index.ts';
import { certificateOf } from './given.ts';
import type { Certificate } from './given.ts';

/** Certifies `localhost` and what lies below it, and nothing else. */
export interface Authority {
  readonly folder: string;
  /** The certificate that clients are to trust: PEM file and content. */
  readonly certificateFile: string;
  readonly certificate: string;
  /** A certificate of its own for one name that `certifies` holds of. */
  issue(name: string): Certificate;
}

const day = 86_400_000;
const authorityDays = 3650;
/** Short: a new one costs a millisecond, and no client accepts more than 825 days. */
const issuedDays = 90;
/** Clocks differ, between a machine and its containers too. */
const backdatedMs = 3_600_000;

/** `POINTSMAN_CA_DIR`, else the user's data folder: one authority for all projects, so that it is trusted once. */
export const authorityFolder = (variables: Readonly<Record<string, string | undefined>>): string => {
  const given = variables['POINTSMAN_CA_DIR'];
  if (given !== undefined && given !== '') return resolve(given);
  const home = variables['HOME'] ?? homedir();
  const data = variables['XDG_DATA_HOME'] ?? '';
  return join(data === '' ? join(home, '.local', 'share') : data, 'pointsman', 'ca');
};

/** Whether the authority may speak for this name. */
export const certifies = (name: string): boolean =>
  name.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*localhost$/i.test(name);

/** The authority in this folder; made if there is none yet. Throws AUTHORITY_UNUSABLE. */
export const openAuthority = async (folder: string): Promise<Authority> => {
  const files = filesIn(folder);
  try {
    return await read(files);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(folder, error);
  }
  try {
    await make(folder);
    return await read(files);
  } catch (error) {
    throw unusable(folder, error);
  }
};

interface Files {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
}

const filesIn = (folder: string): Files => ({
  folder,
  cert: join(folder, 'pointsman-ca.pem'),
  key: join(folder, 'pointsman-ca-key.pem'),
});

const read = async (files: Files): Promise<Authority> => {
  const certificate = await readFile(files.cert, 'utf8');
  const privateKey = createPrivateKey(await readFile(files.key, 'utf8'));
  const parsed = new X509Certificate(certificate);
  if (!parsed.checkPrivateKey(privateKey)) throw new Error('its key does not belong to its certificate');
  if (parsed.validToDate.getTime() < Date.now()) throw new Error(`it expired on ${parsed.validTo}`);
  // The ASN.1 library is only worth its memory where something is certified.
  const { serverCertificate } = await import('./x509.ts');
  const issuer = /^CN=(.*)$/m.exec(parsed.subject)?.[1] ?? '';
  const issuerKey = { privateKey, publicKey: createPublicKey(privateKey) };
  return {
    folder: files.folder,
    certificateFile: files.cert,
    certificate,
    issue: (name) => {
      const keys = newKeys();
      const content = {
        subject: name.slice(0, 64),
        publicKey: keys.publicKey,
        issuer,
        issuerKey,
        ...validity(issuedDays),
      };
      // Who asks for no name at all mostly came by address.
      const addresses = name === 'localhost' ? ['127.0.0.1', '::1'] : [];
      return certificateOf(serverCertificate(content, { hosts: [name], addresses }), pemOf(keys.privateKey));
    },
  };
};

/** Written elsewhere and moved as a whole: of two that make one at the same time, one wins and both use it. */
const make = async (folder: string): Promise<void> => {
  const { authorityCertificate } = await import('./x509.ts');
  const issuerKey = newKeys();
  const subject = `Pointsman authority for localhost ${randomUUID().slice(0, 8)}`;
  const content = { subject, issuer: subject, publicKey: issuerKey.publicKey, issuerKey, ...validity(authorityDays) };
  const addresses = ['127.0.0.0/8', '::1/128'];
  const certificate = authorityCertificate(content, { hosts: ['localhost'], addresses });
  await mkdir(dirname(folder), { recursive: true });
  const draft = `${folder}.${randomUUID()}.tmp`;
  const files = filesIn(draft);
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(files.key, pemOf(issuerKey.privateKey), { mode: 0o600, flush: true });
    await writeFile(files.cert, certificate, { mode: 0o644, flush: true });
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
};

const newKeys = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' });

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

const validity = (days: number): { readonly from: Date; readonly until: Date } => ({
  from: new Date(Date.now() - backdatedMs),
  until: new Date(Date.now() + days * day),
});

const unusable = (folder: string, cause: unknown): PointsmanError =>
  new PointsmanError('AUTHORITY_UNUSABLE', {
    message: `the authority in ${folder} can't be used: ${(cause as Error).message}`,
    fix: 'remove that folder, or name another with POINTSMAN_CA_DIR; a new one is made, to be trusted with pointsman doctor --trust',
    cause,
  });
