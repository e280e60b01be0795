import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { execa } from 'execa';

/** Why this machine can't have a Docker daemon of the test's own; undefined: it can. */
export const whyNoPrivateDockerd = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'only root may start dockerd';
  try {
    execFileSync('dockerd', ['--version'], { stdio: 'ignore' });
    const bridge = `pm${randomBytes(5).toString('hex')}`;
    execFileSync('ip', ['link', 'add', bridge, 'type', 'bridge'], { stdio: 'ignore' });
    execFileSync('ip', ['link', 'delete', bridge], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no dockerd here, or no bridge can be made for it';
  }
};

/**
 * A Docker daemon that a test may end and start again. It has a bridge of its own (told to have none, it would delete the
 * machine's docker0) and makes no firewall rules, so it stands beside the other one; containers live on through its
 * restart (`--live-restore`), as where reliability counts.
 */
export class PrivateDockerd {
  readonly docker: Docker;
  readonly host: string;
  readonly #folder: string;
  readonly #bridge = `pm${randomBytes(5).toString('hex')}`;
  #running: ChildProcess | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.host = `unix://${join(folder, 'docker.sock')}`;
    this.docker = new Docker({ socketPath: join(folder, 'docker.sock') });
  }

  static async create(): Promise<PrivateDockerd> {
    const made = new PrivateDockerd(await mkdtemp(join(tmpdir(), 'pm-dockerd-')));
    await execa('ip', ['link', 'add', made.#bridge, 'type', 'bridge']);
    await execa('ip', ['address', 'add', '169.254.253.1/24', 'dev', made.#bridge]);
    await made.start();
    return made;
  }

  async start(): Promise<void> {
    const at = (name: string): string => join(this.#folder, name);
    const place = ['--host', this.host, '--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')];
    // The machine's own settings are for its other daemon.
    await writeFile(at('daemon.json'), '{}');
    const alone = [
      '--config-file',
      at('daemon.json'),
      '--bridge',
      this.#bridge,
      '--iptables=false',
      '--ip-masq=false',
      '--live-restore',
    ];
    // A daemon that was killed leaves its number behind, which may be somebody else's by now.
    await rm(at('pid'), { force: true });
    const log = openSync(at('log'), 'a');
    this.#running = spawn('dockerd', [...place, ...alone], { stdio: ['ignore', log, log] });
    await this.#untilItAnswers(this.#running);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#running;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill(signal);
    await ended;
    // It goes with its daemon; where nobody collects the dead, its number would pass for a living one's.
    await endContainerd(join(this.#folder, 'exec', 'containerd', 'containerd.pid'));
  }

  /** An image of the machine's own Docker. */
  async take(image: string): Promise<void> {
    await execa('docker', ['--host', this.host, 'load'], { inputFile: await this.#saved(image), timeout: 60_000 });
  }

  /** In order where it still answers; what is left then goes by force, so that a test that failed leaves nothing. */
  async remove(): Promise<void> {
    await this.#removeAll().catch(() => undefined);
    await this.end('SIGTERM');
    for (const pid of await processesNaming(this.#folder)) await endWithChildren(pid);
    const { stdout: mounts } = await execa('findmnt', ['--noheadings', '--raw', '--output', 'TARGET']);
    const ours = mounts.split('\n').filter((mount) => mount.startsWith(`${this.#folder}/`));
    for (const mount of ours.toReversed()) await execa('umount', ['--lazy', mount], { reject: false });
    await execa('ip', ['link', 'delete', this.#bridge], { reject: false });
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #removeAll(): Promise<void> {
    const containers = await this.docker.listContainers({ all: true });
    await Promise.all(containers.map(({ Id: id }) => this.docker.getContainer(id).remove({ force: true, v: true })));
    const networks = await this.docker.listNetworks({ filters: { type: ['custom'] } });
    await Promise.all(networks.map(({ Id: id }) => this.docker.getNetwork(id).remove()));
  }

  async #saved(image: string): Promise<string> {
    const file = join(this.#folder, 'image.tar');
    await execa('docker', ['save', '--output', file, image], { timeout: 60_000 });
    return file;
  }

  /** Nothing tells when it answers. */
  async #untilItAnswers(daemon: ChildProcess): Promise<void> {
    const tooLate = AbortSignal.timeout(60_000);
    while ((await this.docker.ping().catch(() => undefined)) === undefined) {
      const words = (): Promise<string> => readFile(join(this.#folder, 'log'), 'utf8');
      if (daemon.exitCode !== null || tooLate.aborted) throw new Error(`dockerd does not answer:\n${await words()}`);
      await delay(50);
    }
  }
}

const endContainerd = async (pidFile: string): Promise<void> => {
  const pid = await readFile(pidFile, 'utf8').catch(() => undefined);
  if (pid === undefined) return;
  try {
    process.kill(Number(pid), 'SIGKILL');
  } catch {
    // it has ended
  }
  await rm(pidFile, { force: true });
};

const processesNaming = async (folder: string): Promise<readonly number[]> => {
  const { stdout } = await execa('ps', ['-A', '-o', 'pid=,args=']);
  const lines = stdout.split('\n').filter((line) => line.includes(`${folder}/`));
  return lines.map((line) => Number.parseInt(line, 10)).filter((pid) => pid !== process.pid);
};

/** A container's first process is a child of the one that holds it. */
const endWithChildren = async (pid: number): Promise<void> => {
  const { stdout } = await execa('ps', ['-o', 'pid=', '--ppid', String(pid)], { reject: false });
  for (const each of [...stdout.split('\n').map(Number), pid]) {
    if (each > 0) await execa('kill', ['-9', String(each)], { reject: false });
  }
};
