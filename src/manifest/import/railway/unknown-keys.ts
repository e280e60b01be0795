import { nearestName } from '../../../lib/index.ts';

/** What people write and Railway does not read, and what they meant. Keys are paths; `*` stands for any name. */
const knownMistakes: Readonly<Record<string, string>> = {
  'build.context': 'the context is the source folder; another one is set by build.context of the manifest',
  'build.buildContext': 'the context is the source folder; another one is set by build.context of the manifest',
  'build.dockerContext': 'the context is the source folder; another one is set by build.context of the manifest',
  'build.watchPaths': 'patterns are listed in build.watchPatterns',
  'deploy.watchPaths': 'patterns are listed in build.watchPatterns',
  'build.command': 'the key is build.buildCommand',
  'build.dockerfile': 'the key is build.dockerfilePath',
  'deploy.dockerfilePath': 'it belongs under build',
  'deploy.healthcheckInterval': 'the interval is fixed by the platform',
  'deploy.healthCheckPath': 'the key is deploy.healthcheckPath, with a small c',
  'deploy.healthCheckTimeout': 'the key is deploy.healthcheckTimeout, with a small c',
  healthcheck: 'the check is set by deploy.healthcheckPath',
  healthCheck: 'the check is set by deploy.healthcheckPath',
  'deploy.command': 'the key is deploy.startCommand',
  'deploy.start': 'the key is deploy.startCommand',
  start: 'the start command is deploy.startCommand',
  'deploy.releaseCommand': 'the key is deploy.preDeployCommand',
  'deploy.cronCommand': 'a cron service runs its start command on deploy.cronSchedule',
  builder: 'it belongs under build',
  service: 'one file configures one service, whose name is not set here',
  services: 'one file configures one service',
  volumes: 'volumes are not set in this file but in the manifest',
  'deploy.volumes': 'volumes are not set in this file but in the manifest',
};
const variableTables = new Set([
  'env',
  'envs',
  'variables',
  'environment',
  'build.env',
  'deploy.env',
  'deploy.envVars',
]);

/** One sentence for one key that Railway does not read. */
export const unknownKeyNote = (path: readonly string[], known: readonly string[]): string => {
  const key = path.join('.');
  return `${key} is not read by Railway${reasonOf(path, key, known)}.`;
};

const reasonOf = (path: readonly string[], key: string, known: readonly string[]): string => {
  const mistake = knownMistakes[key];
  if (mistake !== undefined) return `: ${mistake}`;
  if (variableTables.has(key) || (path[0] === 'environments' && path[2] === 'variables')) {
    return ': variables are not set in this file but in the manifest';
  }
  const nearest = nearestName(path.at(-1) ?? '', known);
  return nearest === undefined ? '' : `: perhaps ${nearest} was meant`;
};
