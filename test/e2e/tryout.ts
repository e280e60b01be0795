import type { Rollout } from '../../src/model/index.ts';
import { appSpec, manifestOf } from './manifests.ts';
import type { Spec } from './manifests.ts';
import { Project } from './project.ts';
import { askWith } from './traffic.ts';

export const host = 'web.tryout.localhost';

const spec = (deploy: Spec): Spec =>
  appSpec('does-worse.mjs', { healthcheckPath: '/health', drainingSeconds: 2, ...deploy }, { domains: [host] });

export const withProject = async (
  name: string,
  deploy: Spec,
  body: (project: Project) => Promise<void>,
): Promise<void> => {
  const project = await Project.create('process', manifestOf(name, { web: spec(deploy) }));
  try {
    await project.up();
    await body(project);
  } finally {
    await project.remove();
  }
};

/** Which release answered how often; what was no 200 counts by its status. */
export const answers = async (
  project: Project,
  count: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, number>>> => {
  const url = await project.url();
  const seen: Record<string, number> = {};
  for (let request = 0; request < count; request += 1) {
    const { status, body } = await askWith(url, { host, ...headers });
    const key = status === 200 ? (JSON.parse(body) as { release: string }).release : String(status);
    seen[key] = (seen[key] ?? 0) + 1;
  }
  return seen;
};

export const rolloutOf = async (project: Project): Promise<Rollout | undefined> =>
  (await project.service('web')).rollout;

export const step = (percent: number, pause: number | 'promote'): Spec => ({ percent, pause });

/** Errors only: what was just started, on a machine that does other things too, may well be slower for a while. */
export const analysis = { minRequests: 30, windowSeconds: 30, maxErrorIncrease: 5 };
