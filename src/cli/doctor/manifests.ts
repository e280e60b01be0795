import { loadProject } from '../../manifest/index.ts';
import type { LoadedProject } from '../../manifest/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { Session } from '../session.ts';
import { examineBaseImages } from './base-images.ts';
import type { Finding } from './finding.ts';

const about = 'manifests';

/** The project here, if there is one, and the images it builds on. */
export const examineManifests = async (
  session: Session,
  buildArgs: Readonly<Record<string, string>>,
): Promise<readonly Finding[]> => {
  const loaded = await load(session);
  if (loaded instanceof PointsmanError) {
    return [{ about, state: 'limited', message: loaded.message, ...(loaded.fix !== undefined && { fix: loaded.fix }) }];
  }
  if (loaded.problems.length > 0) return [brokenManifests(loaded)];
  const names = loaded.services.map((service) => service.name).join(', ');
  const found: Finding = { about, state: 'good', message: `${loaded.project.metadata.name}: ${names}` };
  return [found, ...(await examineBaseImages(session, loaded, buildArgs))];
};

const load = async (session: Session): Promise<LoadedProject | PointsmanError> => {
  try {
    return await loadProject(session.settings.manifests, session.signal);
  } catch (error) {
    if (error instanceof PointsmanError) return error;
    throw error;
  }
};

const brokenManifests = (loaded: LoadedProject): Finding => ({
  about,
  state: 'missing',
  message: `${loaded.problems.length} problems, the first: ${loaded.problems[0]?.message ?? ''}`,
  fix: '`pointsman plan` shows them all.',
});
