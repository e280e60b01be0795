import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../lib/index.ts';
import type { Settings } from '../settings.ts';

type Remembered = Partial<Pick<Settings, 'environment' | 'engine' | 'http' | 'https' | 'metrics' | 'accessLog'>>;

/**
 * What runs under one engine is found again only under the same: after a supervisor's death the next one is started as
 * it was, unless told otherwise. Forgotten once nothing runs any more.
 */
export const recallLaunch = async (settings: Settings): Promise<Settings> => {
  const text = await readFile(fileIn(settings), 'utf8').catch(() => '{}');
  const last = JSON.parse(text) as Remembered;
  return {
    ...settings,
    environment: settings.environment ?? last.environment,
    engine: settings.engine ?? last.engine,
    http: settings.http ?? last.http,
    https: settings.https ?? last.https,
    metrics: settings.metrics ?? last.metrics,
    accessLog: settings.accessLog ?? last.accessLog,
  };
};

export const rememberLaunch = (settings: Settings): Promise<void> => {
  const { environment, engine, http, https, metrics, accessLog } = settings;
  const remembered: Remembered = { environment, engine, http, https, metrics, accessLog };
  return writeFileAtomically(fileIn(settings), JSON.stringify(remembered), 0o600);
};

export const forgetLaunch = (settings: Settings): Promise<void> => rm(fileIn(settings), { force: true });

const fileIn = ({ stateDir }: Settings): string => join(stateDir, 'launch.json');
