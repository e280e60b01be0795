import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../free-port.ts';
import { upstream } from '../rig.ts';
import { programNamed } from '../../program-named.ts';
import { EdgeProxy } from './rig.ts';
import type { TestListener } from './rig.ts';

const run = promisify(execFile);
const debian = ['15', '16', '17', '18'].map((version) => `/usr/lib/postgresql/${version}/bin`);
const [initdb, postgres, psql] = ['initdb', 'postgres', 'psql'].map((name) => programNamed(name, ...debian));
const tcp: TestListener = { kind: 'tcp', id: 'tcp', pool: 'app' };

/** Skipped where there is no PostgreSQL. */
describe.skipIf(initdb === undefined || postgres === undefined || psql === undefined)(
  'psql through a tcp listener',
  () => {
    let folder: string;
    let edge: EdgeProxy;
    const servers: { readonly process: ChildProcess; readonly port: number }[] = [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'psql-'));
      edge = await EdgeProxy.start();
      servers.push(...(await Promise.all([startServer('a'), startServer('b')])));
    });
    afterAll(async () => {
      for (const { process } of servers) {
        process.kill('SIGQUIT');
        if (process.exitCode === null) await once(process, 'exit');
      }
      await edge.close();
      await rm(folder, { recursive: true, force: true });
    });

    const startServer = async (name: string) => {
      const data = join(folder, name);
      const user = await unprivileged(folder);
      await run(initdb ?? '', ['-D', data, '-U', 'me', '-A', 'trust', '--no-sync'], user);
      const port = await freePort();
      const flags = [
        '-D',
        data,
        '-p',
        String(port),
        '-c',
        `cluster_name=${name}`,
        '-c',
        'fsync=off',
        '-k',
        folder,
        '-h',
        '127.0.0.1',
      ];
      const server = spawn(postgres ?? '', flags, { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
      let log = '';
      for await (const chunk of server.stderr as AsyncIterable<Buffer>) {
        log += chunk.toString();
        if (log.includes('ready to accept connections')) break;
      }
      return { process: server, port };
    };

    const portOf = (index: number): number => servers[index]?.port ?? 0;
    const flags = (): string[] => [
      '-h',
      '127.0.0.1',
      '-p',
      String(edge.port('tcp')),
      '-U',
      'me',
      '-d',
      'postgres',
      '-qAt',
    ];
    const ask = async (query: string): Promise<string> =>
      (await run(psql ?? '', [...flags(), '-c', query])).stdout.trim();

    it('stays with its server over a switch; who comes new meets the new one', async () => {
      await edge.publish([tcp], [upstream('a', portOf(0))]);
      const session = spawn(psql ?? '', flags(), { stdio: ['pipe', 'pipe', 'inherit'] });
      let said = '';
      session.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      session.stdin.write('begin; show cluster_name;\n');
      await expect.poll(() => said).toBe('a\n');
      await edge.publish([tcp], [upstream('b', portOf(1))]);
      expect(await ask('show cluster_name')).toBe('b');
      session.stdin.write("select 'still ' || current_setting('cluster_name'); commit;\n");
      await expect.poll(() => said).toBe('a\nstill a\n');
      expect(await edge.proxy.inFlight('a')).toBe(1);
      const drained = edge.proxy.drained('a');
      session.stdin.end();
      await once(session, 'exit');
      await drained;
      await expect
        .poll(() => edge.records.map(({ method, outcome }) => `${method} ${outcome}`))
        .toEqual(['TCP ok', 'TCP ok']);
    });

    it('carries bulk both ways unharmed', async () => {
      await edge.publish([tcp], [upstream('b', portOf(1))]);
      expect(await ask("select length(string_agg(repeat('x', 1000), '')) from generate_series(1, 5000)")).toBe(
        '5000000',
      );
    });
  },
);

/** PostgreSQL does not run as root. */
const unprivileged = async (
  folder: string,
): Promise<{ readonly uid?: number; readonly gid?: number; readonly cwd: string }> => {
  if (process.getuid?.() !== 0) return { cwd: folder };
  const { uid, gid } = await stat('/var/lib/postgresql').catch(() => ({ uid: 65_534, gid: 65_534 }));
  const user = uid === 0 ? { uid: 65_534, gid: 65_534 } : { uid, gid };
  await chown(folder, user.uid, user.gid);
  return { ...user, cwd: folder };
};
