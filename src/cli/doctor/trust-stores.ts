import { join } from 'node:path';

/** What has to happen for clients of one kind to believe an authority. */
export interface TrustStore {
  /** Who looks there. */
  readonly about: string;
  readonly needsRoot: boolean;
  readonly steps: readonly TrustStep[];
}

export type TrustStep =
  | { readonly kind: 'copy'; readonly from: string; readonly to: string }
  | { readonly kind: 'run'; readonly command: readonly [string, ...string[]] };

export interface TrustSurroundings {
  readonly platform: string;
  readonly home: string;
  /** A program that can be found. */
  readonly has: (program: string) => boolean;
  readonly exists: (path: string) => boolean;
}

const authorityName = 'pointsman-ca';

/** The stores of this machine that we know how to add to; the user's own ones first. */
export const trustStores = (certificate: string, surroundings: TrustSurroundings): readonly TrustStore[] => [
  ...nssStores(certificate, surroundings),
  ...systemStores(certificate, surroundings),
];

const systemStores = (certificate: string, { platform, has }: TrustSurroundings): readonly TrustStore[] => {
  if (platform === 'darwin') {
    const keychain = '/Library/Keychains/System.keychain';
    return [systemStore(run('security', 'add-trusted-cert', '-d', '-r', 'trustRoot', '-k', keychain, certificate))];
  }
  if (has('update-ca-certificates')) {
    const to = `/usr/local/share/ca-certificates/${authorityName}.crt`;
    return [systemStore({ kind: 'copy', from: certificate, to }, run('update-ca-certificates'))];
  }
  if (has('update-ca-trust')) {
    const to = `/etc/pki/ca-trust/source/anchors/${authorityName}.pem`;
    return [systemStore({ kind: 'copy', from: certificate, to }, run('update-ca-trust', 'extract'))];
  }
  return [];
};

const systemStore = (...steps: readonly TrustStep[]): TrustStore => ({
  about: 'the system (curl, Python, most programs)',
  needsRoot: true,
  steps,
});

/** Chromium on Linux has a store of its own, per user. */
const nssStores = (certificate: string, { platform, home, has, exists }: TrustSurroundings): readonly TrustStore[] => {
  if (platform !== 'linux' || !has('certutil')) return [];
  const folder = join(home, '.pki', 'nssdb');
  const database = `sql:${folder}`;
  const create = [run('mkdir', '-p', folder), run('certutil', '-d', database, '-N', '--empty-password')];
  const steps = [
    ...(exists(join(folder, 'cert9.db')) ? [] : create),
    run('certutil', '-d', database, '-A', '-t', 'C,,', '-n', authorityName, '-i', certificate),
  ];
  return [{ about: 'Chromium of this user', needsRoot: false, steps }];
};

const run = (...command: readonly [string, ...string[]]): TrustStep => ({ kind: 'run', command });
