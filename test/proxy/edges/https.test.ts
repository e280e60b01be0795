import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serverCertificate } from '../../../src/certificates/x509.ts';
import type { CertificateFiles } from '../../../src/model/index.ts';
import { host, RawClient, soon, upstream } from '../rig.ts';
import { App } from './app.ts';
import { EdgeProxy, routes } from './rig.ts';
import type { TestListener } from './rig.ts';

let folder: string;
let edge: EdgeProxy;
let app: App;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'https-'));
  app = await App.start('a');
  edge = await EdgeProxy.start();
});
afterEach(async () => {
  app.close();
  await edge.close();
  await rm(folder, { recursive: true, force: true });
});

const https = (certificates: readonly CertificateFiles[], hasAuthority = true): TestListener => ({
  kind: 'https',
  id: 'https',
  routes,
  certificates,
  ...(hasAuthority && { authority: join(folder, 'ca') }),
});

const upstreams = () => [upstream('a', app.port)];

/** A certificate that a user might bring, self-signed. */
const bring = (name: string, domain: string): CertificateFiles => {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${domain}`];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...key, '-keyout', files.key, '-out', files.cert, ...subject], {
    stdio: 'ignore',
  });
  return files;
};

const bringExpired = async (): Promise<CertificateFiles> => {
  const files = { cert: join(folder, 'old.pem'), key: join(folder, 'old.key') };
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const dates = { from: new Date('2020-01-01'), until: new Date('2020-02-01') };
  const content = { subject: 'old', issuer: 'old', publicKey: keys.publicKey, issuerKey: keys, ...dates };
  await writeFile(files.cert, serverCertificate(content, { hosts: [host], addresses: [] }));
  await writeFile(files.key, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return files;
};

const dial = (servername: string, options: object = {}): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({
      port: edge.port('https'),
      host: '127.0.0.1',
      servername,
      rejectUnauthorized: false,
      ...options,
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });

/** The name on the certificate that a client is shown who asks for this host. */
const shownFor = async (servername: string): Promise<string> => {
  const socket = await dial(servername);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
};

const ask = (socket: TLSSocket, path = '/'): Promise<string> =>
  new Promise((resolve) => {
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.on('end', () => resolve(received));
    socket.on('error', () => resolve(`${received} broken off`));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });

describe('https', () => {
  it('certifies each localhost name that a client asks for, by the authority it trusts', async () => {
    await edge.publish([https([])], upstreams());
    const ca = await readFile(join(folder, 'ca', 'pointsman-ca.pem'));
    for (const name of [host, 'other.localhost', 'localhost']) {
      const socket = await dial(name, { ca, rejectUnauthorized: true });
      expect(socket.getPeerCertificate().subject.CN).toBe(name);
      socket.destroy();
    }
    const answer = await ask(await dial(host, { ca, rejectUnauthorized: true }));
    expect(answer).toContain('200 OK');
    expect(answer).toContain('"x-forwarded-proto":"https"');
    // Whoever comes by address names nobody.
    const bare = await dial('', { ca, rejectUnauthorized: true });
    expect(bare.getPeerCertificate().subjectaltname).toContain('127.0.0.1');
    bare.destroy();
  });

  it('shows a given certificate for the names it covers and the first one for names nobody vouches for', async () => {
    const certificates = [bring('shop', 'shop.example.com'), bring('wild', '*.example.org')];
    await edge.publish([https(certificates)], upstreams());
    expect(await shownFor('shop.example.com')).toBe('shop');
    expect(await shownFor('any.example.org')).toBe('wild');
    expect(await shownFor('unknown.example.net')).toBe('shop');
    expect(await shownFor(host)).toBe(host);
    const elsewhere = {
      ...https(certificates),
      routes: [...routes, { host: 'else.example.net', pathPrefix: '/', pool: 'app' }],
    };
    await edge.publish([elsewhere], upstreams());
    await expect.poll(() => edge.notices).toEqual([expect.stringContaining('no certificate covers else.example.net')]);
  });

  it('takes new files into use without closing anything, and keeps the old ones when the new ones are bad', async () => {
    const given = bring('first', host);
    await edge.publish([https([given], false)], upstreams());
    const before = await dial(host);
    const next = bring('second', host);
    await rename(next.key, given.key);
    await rename(next.cert, given.cert);
    await expect.poll(() => shownFor(host)).toBe('second');
    expect(await ask(before)).toContain('200 OK');

    await copyFile(bring('third', host).cert, given.cert);
    await expect.poll(() => edge.notices.at(-1)).toContain('does not belong to it');
    expect(await shownFor(host)).toBe('second');
    // A deploy meanwhile is no reason to fail.
    await edge.publish([https([given], false)], upstreams());
    expect(await shownFor(host)).toBe('second');
  });

  it('refuses a table whole whose certificate is of no use, with the reason', async () => {
    await edge.publish([https([])], upstreams());
    const good = bring('good', host);
    const torn = { ...good, cert: join(folder, 'torn.pem') };
    await writeFile(torn.cert, 'torn');
    const old = await bringExpired();
    const bad = {
      'does not belong to it': { cert: good.cert, key: bring('other', host).key },
      'no certificate in PEM form': torn,
      ENOENT: { ...good, key: join(folder, 'missing.key') },
      expired: old,
    };
    for (const [reason, files] of Object.entries(bad)) {
      const table = edge.table([https([good, files])], upstreams());
      await expect(edge.proxy.link.publish(table, soon()), reason).rejects.toMatchObject({
        code: 'TABLE_REJECTED',
        message: expect.stringContaining(reason) as string,
      });
    }
    expect(await ask(await dial(host))).toContain('200 OK');
  });

  it('serves on through a worker that is replaced, and from the last table', async () => {
    await edge.publish([https([])], upstreams());
    const ca = await readFile(join(folder, 'ca', 'pointsman-ca.pem'));
    process.kill(edge.proxy.link.hello.pid, 'SIGKILL');
    await new Promise<void>((resolve) => {
      edge.proxy.link.onBack(() => resolve());
    });
    expect(await ask(await dial(host, { ca, rejectUnauthorized: true }))).toContain('200 OK');
  });

  it('closes connections beyond its cap before their handshake, and has room again when one ends', async () => {
    await edge.publish([{ ...https([]), limits: { connections: 1 } }], upstreams());
    const first = await dial(host);
    await expect(dial(host)).rejects.toThrow();
    await expect.poll(() => edge.records.map(({ outcome }) => outcome)).toContain('turned-away');
    expect(await ask(first)).toContain('200 OK');
    await expect.poll(() => dial(host).then(ask, (error: Error) => error.message)).toContain('200 OK');
  });

  it('writes down a handshake that failed', async () => {
    await edge.publish([https([])], upstreams());
    const plain = await RawClient.connect(edge.port('https'));
    plain.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await plain.closed;
    await expect
      .poll(() => edge.records)
      .toContainEqual(expect.objectContaining({ outcome: 'tls-failed', reason: 'ERR_SSL_HTTP_REQUEST' }));
  });

  it('says visibly when a response broke off', async () => {
    await edge.publish([https([])], upstreams());
    const answer = await ask(await dial(host), '/cut');
    expect(answer).toContain('half');
    await expect.poll(() => edge.records.map(({ outcome }) => outcome)).toContain('truncated');
  });
});

describe('a redirect', () => {
  const redirect = (toPort: number): TestListener => ({ kind: 'redirect', id: 'http', toPort });
  const head = async (request: string): Promise<string> => {
    const client = await RawClient.connect(edge.port('http'));
    client.send(request);
    await client.until('\r\n\r\n');
    client.socket.destroy();
    return client.received;
  };

  it('sends clients to the same address under https, whatever the method', async () => {
    await edge.publish([redirect(8443)], upstreams());
    const answer = await head(`POST /a/b?c=d HTTP/1.1\r\nHost: ${host}:8080\r\nContent-Length: 0\r\n\r\n`);
    expect(answer).toContain('308 Permanent Redirect');
    expect(answer).toContain(`Location: https://${host}:8443/a/b?c=d\r\n`);
    await edge.publish([redirect(443)], upstreams());
    expect(await head(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toContain(`Location: https://${host}/\r\n`);
    await expect.poll(() => edge.records.map(({ outcome }) => outcome)).toEqual(['redirected', 'redirected']);
  });

  it('begins and ends for connections that are open, too', async () => {
    await edge.publish([{ kind: 'http', id: 'http', routes }], upstreams());
    const client = await RawClient.connect(edge.port('http'));
    const request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    client.send(request);
    await client.until('200 OK');
    await edge.publish([redirect(8443)], upstreams());
    client.send(request);
    await client.until('308 Permanent Redirect');
    await edge.publish([{ kind: 'http', id: 'http', routes }], upstreams());
    client.received = '';
    client.send(request);
    await client.until('200 OK');
    client.socket.destroy();
  });

  it('ends open connections of a listener that speaks something else from now on', async () => {
    await edge.publish([{ kind: 'http', id: 'https', routes }], upstreams());
    const client = await RawClient.connect(edge.port('https'));
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await client.until('200 OK');
    await edge.publish([https([])], upstreams());
    expect(await client.closed).toBe('ended');
    expect(await ask(await dial(host))).toContain('200 OK');
  });
});
