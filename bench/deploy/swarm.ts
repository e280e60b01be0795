import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { environmentFlags, environmentOf, image, port, rate } from './app.ts';
import { argumentsOf, followLoad, spawnTalking } from './load.ts';
import type { Way } from './measure.ts';
import { Absent, pause } from './measure.ts';

const namespace = 'pointsman-bench';

/**
 * A Swarm service with a health check, updated start-first. It gets an engine of its own in a network namespace, so
 * that the machine's engine never joins a swarm. Clients resolve `tasks.web` (the kernel may lack IPVS, which the virtual
 * IP needs), so the load runs in a container on the same overlay.
 */
export const swarmWay = (): Way => {
  let folder = '';
  let engine: ChildProcess | undefined;
  const docker = (...args: string[]) => execa('docker', ['--host', `unix://${folder}/docker.sock`, ...args]);
  return {
    name: 'swarm, start-first',
    setUp: async () => {
      if (process.getuid?.() !== 0) throw new Absent('needs root, for an engine of its own');
      folder = await mkdtemp(join(tmpdir(), 'pointsman-bench-'));
      engine = await startEngine(folder);
      await execa('sh', ['-c', `docker save ${image} | docker --host unix://${folder}/docker.sock load`]);
      await docker('swarm', 'init', '--advertise-addr', '10.203.0.1');
      await docker('network', 'create', '--driver', 'overlay', '--attachable', 'bench');
      await docker(
        'service',
        'create',
        '--name',
        'web',
        '--network',
        'bench',
        '--endpoint-mode',
        'dnsrr',
        '--update-order',
        'start-first',
        '--replicas',
        '2',
        '--health-cmd',
        healthCommand,
        '--health-interval',
        '500ms',
        '--no-resolve-image',
        ...environmentFlags('1'),
        image,
      );
      return { startLoad: () => startLoadInside(folder) };
    },
    deploy: async () => {
      const changes = Object.entries(environmentOf('2')).flatMap(([name, value]) => ['--env-add', `${name}=${value}`]);
      await docker('service', 'update', '--no-resolve-image', ...changes, 'web');
    },
    tearDown: async () => {
      if (engine !== undefined) await stopEngine(folder, engine);
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const healthCommand = `node -e "fetch('http://127.0.0.1:${port}/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"`;

const startLoadInside = (folder: string) => {
  const script = new URL('load.mjs', import.meta.url).pathname;
  const order = argumentsOf({ url: `http://tasks.web:${port}/`, host: 'web', rate, release: '2' });
  const run = [
    'run',
    '--rm',
    '--init',
    '--network',
    'bench',
    '--volume',
    `${script}:/load.mjs:ro`,
    image,
    'node',
    '/load.mjs',
    ...order,
  ];
  return followLoad(spawnTalking('docker', ['--host', `unix://${folder}/docker.sock`, ...run]));
};

const startEngine = async (folder: string): Promise<ChildProcess> => {
  const inside = (...args: string[]) => execa('nsenter', [`--net=/run/netns/${namespace}`, ...args], { reject: false });
  const added = await execa('ip', ['netns', 'add', namespace], { reject: false });
  if (added.exitCode !== 0) throw new Absent(`no network namespace: ${added.stderr}`);
  await inside('ip', 'link', 'set', 'lo', 'up');
  await inside('ip', 'link', 'add', 'swarm0', 'type', 'bridge');
  await inside('ip', 'address', 'add', '10.203.0.1/24', 'dev', 'swarm0');
  await inside('ip', 'link', 'set', 'swarm0', 'up');
  const files = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '--pidfile', `${folder}/docker.pid`];
  await writeFile(`${folder}/daemon.json`, '{}');
  const engine = spawn(
    'nsenter',
    [
      `--net=/run/netns/${namespace}`,
      'dockerd',
      '--host',
      `unix://${folder}/docker.sock`,
      ...files,
      '--config-file',
      `${folder}/daemon.json`,
      '--bip',
      '10.204.0.1/24',
    ],
    { stdio: 'ignore' },
  );
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await execa('docker', ['--host', `unix://${folder}/docker.sock`, 'version'], { reject: false });
    if (answer.exitCode === 0) return engine;
    await pause(100);
  }
  await stopEngine(folder, engine);
  throw new Absent('an engine of its own did not start');
};

const stopEngine = async (folder: string, engine: ChildProcess): Promise<void> => {
  await execa('docker', ['--host', `unix://${folder}/docker.sock`, 'swarm', 'leave', '--force'], { reject: false });
  engine.kill('SIGTERM');
  await once(engine, 'exit');
  await execa('ip', ['netns', 'delete', namespace], { reject: false });
};
