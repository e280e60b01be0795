import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { expect, vi } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import type { DeployReport, ServiceStatus, StatusReport } from '../../src/protocol/index.ts';
import { execute, Lines, printing } from './command-line.ts';
import type { Outcome } from './command-line.ts';
import { forgetImages, ourContainers, ourProcesses, removeLeftOvers } from './left-overs.ts';
import type { EngineName } from './manifests.ts';

/** A project in a folder of its own, driven through the command line as a user does it. */
export class Project {
  readonly folder: string;
  readonly engine: EngineName;
  /** Given to every command; a test's own engine or state folder goes here. */
  readonly environment: Record<string, string> = {};

  readonly #name: string;

  private constructor(folder: string, engine: EngineName, name: string) {
    this.folder = folder;
    this.engine = engine;
    this.#name = name;
  }

  static async create(engine: EngineName, manifest: string): Promise<Project> {
    const [, name] = /"name": "([^"]+)"/.exec(manifest) ?? [];
    if (name === undefined) throw new Error('the manifest names no project');
    const project = new Project(await mkdtemp(join(tmpdir(), 'pm-e2e-')), engine, name);
    await project.write('pointsman.yaml', manifest);
    return project;
  }

  get stateFolder(): string {
    return join(this.folder, '.pointsman');
  }

  /** The one that the project's own commands speak to. */
  get docker(): Docker {
    const host = this.environment['DOCKER_HOST'];
    return host === undefined ? new Docker() : new Docker({ socketPath: host.replace('unix://', '') });
  }

  async write(name: string, content: string): Promise<void> {
    await mkdir(dirname(join(this.folder, name)), { recursive: true });
    await writeFile(join(this.folder, name), content);
  }

  /** Runs a verb to its end; a failing one is an outcome too. `--` in it parts what is not ours. */
  run(...args: string[]): Promise<Outcome> {
    return execute(this.#withFlags(args), this.environment);
  }

  /** A verb that has to succeed; returns what it printed. */
  async do(...args: string[]): Promise<string> {
    const outcome = await this.run(...args);
    expect(outcome, `pointsman ${args.join(' ')}\n${outcome.all}`).toMatchObject({ exitCode: 0 });
    return outcome.stdout;
  }

  /** Starts a verb that goes on until it is told to stop. */
  start(...args: string[]): ChildProcess {
    return printing(this.#withFlags(args), this.environment);
  }

  up(...more: string[]): Promise<string> {
    return this.do('up', ...this.#place(), ...more);
  }

  /** `up` that may fail. */
  tryUp(...more: string[]): Promise<Outcome> {
    return this.run('up', ...this.#place(), ...more);
  }

  async deploy(...args: string[]): Promise<DeployReport> {
    return JSON.parse(await this.do('deploy', ...args, '--json')) as DeployReport;
  }

  async status(): Promise<StatusReport> {
    return JSON.parse(await this.do('status', '--json')) as StatusReport;
  }

  async service(name: string): Promise<ServiceStatus> {
    const found = (await this.status()).services.find((service) => service.name === name);
    if (found === undefined) throw new Error(`there is no service ${name}`);
    return found;
  }

  /** Nothing is under way any more: the rollout is over, and whatever had to go is gone. */
  async settled(name: string): Promise<ServiceStatus> {
    const look = async (): Promise<ServiceStatus> => {
      const service = await this.service(name);
      expect(service.rollout?.phase ?? 'failed').toBe('failed');
      expect(service.replicas.filter(({ phase }) => phase !== 'ready')).toEqual([]);
      expect(service.replicas).toHaveLength(service.wanted);
      return service;
    };
    return vi.waitFor(look, { timeout: 60_000, interval: 100 });
  }

  async url(path = '/'): Promise<string> {
    const { proxy } = await this.status();
    if (proxy === undefined) throw new Error('the proxy does not run');
    return `http://${proxy.http}${path}`;
  }

  async events(service?: string): Promise<readonly Event[]> {
    const text = await this.do('events', ...(service === undefined ? [] : [service]), '--json');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Event);
  }

  async reasons(service?: string): Promise<readonly string[]> {
    return (await this.events(service)).map(({ reason }) => reason);
  }

  /** The first event that fits, past or to come. */
  async told(fits: (event: Event) => boolean): Promise<Event> {
    const lines = new Lines(this.start('events', '--follow', '--json'));
    try {
      return JSON.parse(await lines.find((line) => fits(JSON.parse(line) as Event))) as Event;
    } finally {
      await lines.stop();
    }
  }

  /** What makes each running replica itself: its process or container. */
  replicas(): Promise<readonly string[]> {
    if (this.engine === 'process') return ourProcesses(this.folder, 'replicas');
    return ourContainers(this.stateFolder, this.docker);
  }

  /** `down`, then nothing may be left; what is left all the same is removed, and the test fails. */
  async remove(): Promise<void> {
    const down = await this.run('down', '--volumes', ...this.#place());
    const left = await removeLeftOvers(this.folder, this.stateFolder, this.docker);
    if (this.engine === 'docker') await forgetImages(this.#name);
    await rm(this.folder, { recursive: true, force: true });
    expect({ left, down: down.exitCode === 0 ? 'done' : down.all }).toEqual({ left: [], down: 'done' });
  }

  #place(): string[] {
    return ['--engine', this.engine, '--http', '127.0.0.1:0'];
  }

  #withFlags(args: readonly string[]): string[] {
    const end = args.includes('--') ? args.indexOf('--') : args.length;
    const flags = ['--manifests', this.folder, '--state-dir', this.stateFolder];
    // Global options may stand before the verb: a command of the user's comes last.
    return end < args.length ? [...flags, ...args] : [...args, ...flags];
  }
}
