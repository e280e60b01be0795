import type { Session } from '../session.ts';
import { examineDocker } from './docker.ts';
import type { Finding } from './finding.ts';
import { examineManifests } from './manifests.ts';
import { examineNode } from './node.ts';
import { examinePort } from './port.ts';
import { examineStateFolder } from './state-folder.ts';

export const examine = async (
  session: Session,
  buildArgs: Readonly<Record<string, string>>,
): Promise<readonly Finding[]> => [
  examineNode(process.versions.node),
  await examineDocker(session.environment.variables, session.signal),
  await examinePort(session),
  await examineStateFolder(session.settings.stateDir),
  ...(await examineManifests(session, buildArgs)),
];
