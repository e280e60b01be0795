import type { AddVerb } from '../session.ts';
import { addAbort } from './abort.ts';
import { addDeploy } from './deploy.ts';
import { addDiff } from './diff.ts';
import { addDoctor } from './doctor.ts';
import { addDomains } from './domains.ts';
import { addDown } from './down.ts';
import { addEnvironments } from './environments.ts';
import { addEvents } from './events.ts';
import { addExec } from './exec.ts';
import { addExplain } from './explain.ts';
import { addGc } from './gc.ts';
import { addLogs } from './logs.ts';
import { addPause, addResume } from './pause.ts';
import { addPlan } from './plan.ts';
import { addPromote } from './promote.ts';
import { addProxy } from './proxy.ts';
import { addRehearse } from './rehearse.ts';
import { addReleases } from './releases.ts';
import { addRestart } from './restart.ts';
import { addRevisions } from './revisions.ts';
import { addRollback } from './rollback.ts';
import { addScale } from './scale.ts';
import { addSchema } from './schema.ts';
import { addStatus } from './status.ts';
import { addUp } from './up.ts';

/** In the order in which `--help` lists them. */
export const verbs: readonly AddVerb[] = [
  addUp,
  addDown,
  addStatus,
  addPlan,
  addDeploy,
  addPromote,
  addAbort,
  addPause,
  addResume,
  addRollback,
  addRevisions,
  addReleases,
  addDiff,
  addGc,
  addEnvironments,
  addDomains,
  addRestart,
  addScale,
  addLogs,
  addEvents,
  addExec,
  addExplain,
  addRehearse,
  addDoctor,
  addSchema,
  addProxy,
];
