import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { createSnapshotBuilder } from '../../src/build/snapshot/index.ts';
import { createBuilder } from '../../src/build/index.ts';
import type { Builder } from '../../src/build/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { Place } from '../../src/control/index.ts';
import { openStateFile, placeOf, StateStore, Supervisor } from '../../src/control/index.ts';
import { createProcessEngine } from '../../src/engine/process/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import { errorReport } from '../../src/model/index.ts';
import type { Event } from '../../src/model/index.ts';
import type { DeployReport, DeployResult, ServiceStatus, StatusReport } from '../../src/protocol/index.ts';
import { connectProxy, SharedProxy } from '../../src/traffic/index.ts';

/** A folder with manifests and sources, the hostile fixtures among them, and a supervisor with everything real in it. */
export interface Rig {
  readonly folder: string;
  readonly stateFolder: string;
  readonly control: Supervisor;
  readonly store: StateStore;
  write(path: string, text: string): void;
  read(path: string): string;
  /** Waits for the deploy's end. */
  finished(result: DeployResult): Promise<DeployReport>;
  /** Applies the manifests and waits for the end. */
  up(): Promise<DeployReport>;
  deploy(services: readonly string[], variables?: Readonly<Record<string, string>>): Promise<DeployReport>;
  service(name: string): Promise<ServiceStatus>;
  /** The first event of that reason, past or to come. */
  event(reason: string, service?: string): Promise<Event>;
  eventsSoFar(): Promise<readonly Event[]>;
  get(host: string, path?: string): Promise<Answer>;
  load(host: string, path?: string): Promise<Load>;
  /** Ends the supervisor and starts another one on the same folder; replicas and proxy stay. */
  restart(): Promise<Rig>;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Load {
  stop(): Promise<{
    readonly sent: number;
    readonly failures: readonly string[];
    readonly releases: readonly string[];
  }>;
}

/** Longer than any test may take: its own limit ends it first. */
export const patience = AbortSignal.timeout(600_000);

const emptyFolder = (manifest: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-'));
  mkdirSync(join(folder, 'app'));
  cpSync(resolve('fixtures/hostile'), join(folder, 'app'), { recursive: true });
  writeFileSync(join(folder, 'pointsman.yaml'), manifest);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** What runs things in a rig; made anew for each supervisor. */
export type Machinery = (place: Place, stateFolder: string) => { readonly engine: Engine; readonly builder: Builder };

const onProcesses: Machinery = (scope, stateFolder) => ({
  engine: createProcessEngine({ scope, stateFolder }),
  builder: createBuilder({ snapshot: createSnapshotBuilder({ stateFolder }) }),
});

export const startRig = async (manifest: string, machinery = onProcesses): Promise<Rig> =>
  startIn(emptyFolder(manifest), machinery);

/** `spec` is YAML below `deploy:`; two spaces of indentation are added. */
export const serviceManifest = (name: string, lines: readonly string[]): string =>
  [
    '---',
    'apiVersion: pointsman/v1',
    'kind: Service',
    `metadata: { name: ${name} }`,
    'spec:',
    ...lines.map((line) => `  ${line}`),
  ]
    .concat('')
    .join('\n');

export const politeService = (name: string, more: readonly string[] = [], deploy: readonly string[] = []): string =>
  serviceManifest(name, [
    'source: app',
    `domains: [${name}.localhost]`,
    ...more,
    'deploy:',
    ...['startCommand: node polite.mjs', 'healthcheckPath: /health', 'drainingSeconds: 5', ...deploy].map(
      (l) => `  ${l}`,
    ),
  ]);

export const project = 'apiVersion: pointsman/v1\nkind: Project\nmetadata: { name: rig }\nspec: {}\n';

const startIn = async (folder: string, machinery: Machinery): Promise<Rig> => {
  const stateFolder = join(folder, '.pointsman');
  const manifests = join(folder, 'pointsman.yaml');
  const store = new StateStore(openStateFile(join(stateFolder, 'state.db')));
  const place = await placeOf(store, { manifests, environment: undefined }, patience);
  const { engine, builder } = machinery(place, stateFolder);
  const proxyFolder = join(stateFolder, 'proxy');
  mkdirSync(proxyFolder, { recursive: true });
  const proxy = await connectProxy({
    stateFolder: proxyFolder,
    program: resolve('src/bin/proxy.ts'),
    signal: patience,
  });
  const shared = new SharedProxy(proxy, {});
  const log = pino(pino.destination({ dest: join(stateFolder, 'supervisor.log'), append: true, sync: true }));
  const http = { host: '127.0.0.1', port: 0 };
  const parts = {
    ...place,
    manifests,
    http,
    store,
    engine,
    engineReason: 'test',
    builder,
    proxy: shared.linkFor(place.environment),
    hostsOf: (pool: string) => shared.hostsOf(pool),
    clock: systemClock,
    log,
  };
  const control = new Supervisor(parts);
  await control.start({ catchUp: true });
  const closed = { yet: false };
  const letGo = async (): Promise<void> => {
    closed.yet = true;
    await control.close();
    await Promise.all([proxy.close(), engine.close(), builder.close()]);
    store.close();
  };
  onTestFinished(async () => {
    if (closed.yet) return;
    await control.down({ volumes: true, images: true, now: true }, AbortSignal.timeout(60_000));
    await letGo();
  });
  return {
    folder,
    stateFolder,
    control,
    store,
    ...actions(control),
    write: (path, text) => writeFileSync(join(folder, path), text),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    restart: async () => {
      await letGo();
      return startIn(folder, machinery);
    },
  };
};

const actions = (control: Supervisor) => {
  const finished = async ({ deployId }: DeployResult): Promise<DeployReport> => {
    for await (const report of control.followDeploy(deployId, patience)) if (report.finished) return report;
    throw new Error(
      `the reports of ${deployId} ended before it was finished: ${JSON.stringify(await control.status())}`,
    );
  };
  const status = (): Promise<StatusReport> => control.status();
  return {
    finished,
    up: async () => finished(await control.apply({}, patience)),
    deploy: async (services: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
      finished(await control.deploy({ services, variables }, patience)),
    service: async (name: string) => {
      const found = (await status()).services.find((service) => service.name === name);
      if (found === undefined) throw new Error(`no service ${name}`);
      return found;
    },
    event: async (reason: string, service?: string) => {
      for await (const event of control.events({ follow: true }, patience)) {
        if (event.reason === reason && (service === undefined || event.service === service)) return event;
      }
      throw new Error(`no ${reason} came`);
    },
    eventsSoFar: async () => {
      const events: Event[] = [];
      for await (const event of control.events({ follow: false }, patience)) events.push(event);
      return events;
    },
    get: async (host: string, path = '/') => ask(await proxyPort(control), { host, path }),
    load: async (host: string, path = '/') => openLoop(await proxyPort(control), { host, path }),
  };
};

const proxyPort = async (control: Supervisor): Promise<number> =>
  Number((await control.status()).proxy?.http.split(':').at(-1));

const ask = (port: number, to: { readonly host: string; readonly path: string }, agent?: Agent): Promise<Answer> =>
  new Promise((done, failed) => {
    const outgoing = request(
      { port, path: to.path, headers: { host: to.host }, ...(agent && { agent }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', failed);
        response.once('end', () => done({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      },
    );
    outgoing.once('error', failed);
    outgoing.end();
  });

/** A request every 10 ms, whether or not the ones before have ended, over kept connections. */
export const openLoop = (port: number, to: { readonly host: string; readonly path: string }): Load => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const failures: string[] = [];
  const releases = new Set<string>();
  const pending: Promise<void>[] = [];
  const send = async (): Promise<void> => {
    try {
      const { status, body } = await ask(port, to, agent);
      if (status === 200) releases.add((JSON.parse(body) as { release: string }).release);
      else failures.push(`${status} ${body.slice(0, 80)}`);
    } catch (error) {
      failures.push(errorReport(error).message);
    }
  };
  const timer = setInterval(() => pending.push(send()), 10);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(pending);
      agent.destroy();
      return { sent: pending.length, failures, releases: [...releases].sort() };
    },
  };
};
