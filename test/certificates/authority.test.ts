import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorityFolder, certifies, openAuthority } from '../../src/certificates/index.ts';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'authority-'));
  folder = join(root, 'deep', 'ca');
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** As strict as clients get. */
const verify = async (certificate: string, hostname: string): Promise<string> => {
  const path = join(root, 'leaf.pem');
  await writeFile(path, certificate);
  const authority = join(folder, 'pointsman-ca.pem');
  const asked = /^[\d.]+$/.test(hostname) ? '-verify_ip' : '-verify_hostname';
  const flags = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', authority, asked, hostname, path];
  return promisify(execFile)('openssl', flags).then(
    ({ stdout }) => stdout,
    (error: { stderr: string }) => error.stderr,
  );
};

describe('the own authority', () => {
  it('is made once, also by two at the same time, and its key is for its owner only', async () => {
    const [first, second] = await Promise.all([openAuthority(folder), openAuthority(folder)]);
    expect(second.certificate).toBe(first.certificate);
    expect((await openAuthority(folder)).certificate).toBe(first.certificate);
    expect((await stat(join(folder, 'pointsman-ca-key.pem'))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(join(root, 'deep'))).toEqual(['ca']);
  });

  it('issues certificates that strict clients accept for their name and no other', async () => {
    const authority = await openAuthority(folder);
    const app = authority.issue('app.localhost');
    expect(await verify(app.cert, 'app.localhost')).toContain('OK');
    expect(await verify(app.cert, 'other.localhost')).toContain('hostname mismatch');
    expect(app.covers('app.localhost')).toBe(true);
    const bare = authority.issue('localhost');
    expect(await verify(bare.cert, '127.0.0.1')).toContain('OK');
    expect(new X509Certificate(app.cert).checkIssued(new X509Certificate(authority.certificate))).toBe(true);
  });

  it('is believed about localhost only, even with its key in the wrong hands', async () => {
    const authority = await openAuthority(folder);
    expect(await verify(authority.issue('bank.example.com').cert, 'bank.example.com')).toContain(
      'permitted subtree violation',
    );
    expect(['localhost', 'a.localhost', 'a.b-c.localhost'].every(certifies)).toBe(true);
    expect(
      ['example.com', 'notlocalhost', 'localhost.example.com', '.localhost', 'a..localhost', '*.localhost'].some(
        certifies,
      ),
    ).toBe(false);
  });

  it('says what is wrong when its folder is broken or foreign', async () => {
    await openAuthority(folder);
    await writeFile(join(folder, 'pointsman-ca-key.pem'), 'torn');
    await expect(openAuthority(folder)).rejects.toMatchObject({ code: 'AUTHORITY_UNUSABLE' });
    const foreign = join(root, 'foreign');
    await writeFile(foreign, 'no folder');
    await expect(openAuthority(foreign)).rejects.toMatchObject({ code: 'AUTHORITY_UNUSABLE' });
  });

  it('lies where the user says, else in the data folder', () => {
    expect(authorityFolder({ POINTSMAN_CA_DIR: '/a/b', HOME: '/home/u' })).toBe('/a/b');
    expect(authorityFolder({ XDG_DATA_HOME: '/data', HOME: '/home/u' })).toBe('/data/pointsman/ca');
    expect(authorityFolder({ HOME: '/home/u' })).toBe('/home/u/.local/share/pointsman/ca');
  });
});
