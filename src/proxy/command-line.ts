import { resolve } from 'node:path';
import { PointsmanError } from '../model/index.ts';
import { nodeUtil } from './node-util.ts';
import type { StandaloneEdges, StandaloneRoute } from './standalone-table.ts';

/** What the process was asked to be. */
export type ProxyCommand =
  | { readonly kind: 'worker'; readonly messagesVersion: number; readonly workers: number }
  /** Only to be read, with all that it may load later: what that leaves in Node's compile cache spares memory in the processes that stay. */
  | { readonly kind: 'warm' }
  /** For a supervisor: told what to do through the socket in its state folder. */
  | { readonly kind: 'serve'; readonly stateFolder: string; readonly workers: number }
  /** Tells a running one to replace its workers. */
  | { readonly kind: 'upgrade'; readonly stateFolder: string; readonly withinMs: number }
  /** On its own: one table from the command line. */
  | { readonly kind: 'run'; readonly edges: StandaloneEdges; readonly workers: number };

const usage =
  'proxy --state FOLDER [--workers N] | proxy run [--http ADDRESS:PORT] [--https ADDRESS:PORT [--certificate CERT.pem,KEY.pem …]] [--route HOST[/PREFIX]=ADDRESS:PORT …] [--tcp ADDRESS:PORT=ADDRESS:PORT …] [--metrics ADDRESS:PORT] [--access-log FILE|-] [--trust CIDR …] [--max-body BYTES] [--response-timeout SECONDS] [--workers N] | proxy upgrade --state FOLDER [--within SECONDS]';

/** Throws USAGE. */
export const parseCommandLine = (args: readonly string[]): ProxyCommand => {
  if (args[0] === 'worker') return { kind: 'worker', messagesVersion: Number(args[1]), workers: Number(args[2]) };
  if (args[0] === 'warm') return { kind: 'warm' };
  const { positionals, values } = parse(args);
  const workers = Number(values.workers ?? '1');
  if (!Number.isInteger(workers) || workers < 1 || workers > 64)
    throw misuse(`--workers ${values.workers} is no number of workers`);
  if (positionals[0] === 'run') return { kind: 'run', edges: edgesOf(values), workers };
  if (positionals[0] === 'upgrade') return upgradeOf(values.state, values.within ?? '30');
  if (positionals.length > 0 || values.state === undefined) throw misuse('--state or run is needed');
  return { kind: 'serve', stateFolder: values.state, workers };
};

const parse = (args: readonly string[]) => {
  try {
    return nodeUtil().parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        state: { type: 'string' },
        within: { type: 'string' },
        workers: { type: 'string' },
        http: { type: 'string' },
        https: { type: 'string' },
        certificate: { type: 'string', multiple: true },
        tcp: { type: 'string', multiple: true },
        route: { type: 'string', multiple: true },
        metrics: { type: 'string' },
        'access-log': { type: 'string' },
        trust: { type: 'string', multiple: true },
        'max-body': { type: 'string' },
        'response-timeout': { type: 'string' },
      },
    });
  } catch (error) {
    throw misuse((error as Error).message);
  }
};

const upgradeOf = (stateFolder: string | undefined, within: string): ProxyCommand => {
  if (stateFolder === undefined) throw misuse('upgrade needs --state');
  if (!/^\d{1,5}$/.test(within)) throw misuse(`--within ${within} is no number of seconds`);
  return { kind: 'upgrade', stateFolder, withinMs: Number(within) * 1_000 };
};

const edgesOf = (values: ReturnType<typeof parse>['values']): StandaloneEdges => {
  const { http, https, route = [], tcp = [], certificate = [] } = values;
  const hasRoutes = route.length > 0;
  if (!hasRoutes && tcp.length === 0) throw misuse('run needs --route with --http or --https, or --tcp');
  if (hasRoutes && http === undefined && https === undefined) throw misuse('--route needs --http or --https');
  return {
    http: http === undefined ? undefined : addressOf(http),
    https: https === undefined ? undefined : addressOf(https),
    certificates: certificate.map(certificateOf),
    tcp: tcp.map(tcpOf),
    routes: route.map(routeOf),
    trustedPeers: values.trust ?? [],
    limits: {
      ...(values['max-body'] !== undefined && { bodyBytes: above0('--max-body', values['max-body']) }),
      ...(values['response-timeout'] !== undefined && {
        responseSeconds: above0('--response-timeout', values['response-timeout']),
      }),
    },
    reports: {
      ...(values.metrics !== undefined && { metrics: addressOf(values.metrics) }),
      ...(values['access-log'] !== undefined && { accessLog: logPath(values['access-log']) }),
    },
  };
};

const logPath = (path: string): string => (path === '-' ? path : resolve(path));

const above0 = (option: string, text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw misuse(`${option} ${text} is not a number above 0`);
  return value;
};

const routeOf = (text: string): StandaloneRoute => {
  const [, host = '', pathPrefix = '/', target = ''] = /^([^/=]+)(\/[^=]*)?=(.+)$/.exec(text) ?? [];
  if (host === '') throw misuse(`--route ${text} is not HOST[/PREFIX]=ADDRESS:PORT`);
  return { host, pathPrefix, upstream: addressOf(target) };
};

const tcpOf = (text: string) => {
  const [listen = '', target = ''] = text.split('=');
  return { listen: addressOf(listen), upstream: addressOf(target) };
};

const certificateOf = (text: string) => {
  const [cert, key, ...more] = text.split(',');
  if (cert === undefined || key === undefined || more.length > 0) throw misuse(`--certificate ${text} is not CERT,KEY`);
  return { cert: resolve(cert), key: resolve(key) };
};

const addressOf = (text: string) => {
  const [, bracketed, plain, port = ''] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw misuse(`${text} is not ADDRESS:PORT`);
  return { host, port: Number(port) };
};

const misuse = (message: string): PointsmanError => new PointsmanError('USAGE', { message, fix: `usage: ${usage}` });
