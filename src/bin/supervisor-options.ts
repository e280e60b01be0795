import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PointsmanError } from '../model/index.ts';
import type { Address, ProxyReports } from '../model/index.ts';

export interface SupervisorOptions {
  readonly manifests: string;
  readonly stateFolder: string;
  readonly engine: 'auto' | 'docker' | 'process';
  readonly environment: string | undefined;
  readonly http: Address;
  readonly https: Address | undefined;
  readonly reports: ProxyReports;
  readonly catchUp: boolean;
}

/** @throws PointsmanError USAGE */
export const readOptions = (args: readonly string[]): SupervisorOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      manifests: { type: 'string' },
      'state-dir': { type: 'string' },
      engine: { type: 'string', default: 'auto' },
      environment: { type: 'string' },
      http: { type: 'string', default: '127.0.0.1:8080' },
      https: { type: 'string' },
      metrics: { type: 'string' },
      'access-log': { type: 'string' },
      'no-catch-up': { type: 'boolean', default: false },
    },
  });
  const { engine } = values;
  if (values.manifests === undefined) throw usage('--manifests is missing');
  if (engine !== 'auto' && engine !== 'docker' && engine !== 'process') throw usage(`there is no engine ${engine}`);
  return {
    manifests: resolve(values.manifests),
    stateFolder: resolve(values['state-dir'] ?? '.pointsman'),
    engine,
    environment: values.environment,
    http: readAddress('--http', values.http),
    https: values.https === undefined ? undefined : readAddress('--https', values.https),
    reports: reportsOf(values.metrics, values['access-log']),
    catchUp: !values['no-catch-up'],
  };
};

const reportsOf = (metrics: string | undefined, accessLog: string | undefined): ProxyReports => ({
  ...(metrics !== undefined && { metrics: readAddress('--metrics', metrics) }),
  ...(accessLog !== undefined && { accessLog: accessLog === '-' ? accessLog : resolve(accessLog) }),
});

const readAddress = (option: string, text: string): Address => {
  const [, host, port] = /^(?:\[?([^\]]*?)\]?:)?(\d+)$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) throw usage(`${option} ${text} is not ADDRESS:PORT`);
  return { host: host ?? '127.0.0.1', port: Number(port) };
};

const usage = (message: string): PointsmanError =>
  new PointsmanError('USAGE', {
    message,
    fix: 'supervisor --manifests PATH [--state-dir DIR] [--engine auto|docker|process] [--environment NAME] [--http ADDRESS:PORT] [--https ADDRESS:PORT] [--metrics ADDRESS:PORT] [--access-log FILE|-] [--no-catch-up]',
  });
