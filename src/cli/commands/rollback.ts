import { PointsmanError } from '../../model/index.ts';
import type { RollbackRequest } from '../../protocol/index.ts';
import { followAbort, followDeploy } from '../progress/index.ts';
import type { AddVerb, Session } from '../session.ts';
import { wholeNumber } from './whole-number.ts';
import { watching } from './watching.ts';

interface Options {
  readonly release?: number;
}

export const addRollback: AddVerb = (program, runner) => {
  program
    .command('rollback')
    .summary('bring back a kept revision, or everything that ran at the end of a release')
    .description(
      'Rolls a service out to an earlier revision, image, variables, rules and domains included; without a number, to the one before the active, or, while a new one is being rolled out, back to the active one at once (as abort does). With --release every service goes back together, in waves.',
    )
    .argument('[service]')
    .argument('[revision]', 'number, as `pointsman revisions` shows it (3 or r3)', revisionNumber)
    .option('--release <number>', 'as `pointsman releases` shows it', releaseNumber)
    .action((service: string | undefined, revision: number | undefined, options: Options, command) =>
      runner.run(command, async (session) => {
        const request = rollbackRequest(service, revision, options);
        await sayWhatItWas(session, request);
        const result = await session.client.rollback(request, session.signal);
        const [back] = result.rollouts;
        // A new version that had not taken over yet is taken back: there is nothing to roll out.
        const isAbort = back !== undefined && back.isRollback !== true;
        return watching(session, () => (isAbort ? followAbort(session, back) : followDeploy(session, result)));
      }),
    );
};

/** Both are done as asked: what failed may work by now, and what runs is replaced by the same. But it is worth knowing. */
const sayWhatItWas = async ({ client, output, signal }: Session, request: RollbackRequest): Promise<void> => {
  const { service, revision } = request;
  if (service === undefined || revision === undefined) return;
  const revisions = await client.revisions(service, signal);
  const name = `revision ${revision} of ${service}`;
  switch (revisions.find(({ number }) => number === revision)?.result) {
    case 'failed':
      return output.note(
        `${name} failed when it was deployed (\`pointsman events ${service}\` says why) and is tried once more; \`pointsman revisions ${service}\` shows which worked`,
      );
    case 'active':
      return output.note(
        `${name} is the active one: it is what runs already, and its replicas are replaced by the same`,
      );
    default:
  }
};

const rollbackRequest = (
  service: string | undefined,
  revision: number | undefined,
  { release }: Options,
): RollbackRequest => {
  if ((service === undefined) === (release === undefined)) {
    throw new PointsmanError('USAGE', {
      message: 'rollback takes either a service or a release.',
      fix: 'pointsman rollback web 3, or pointsman rollback --release 3.',
    });
  }
  if (release !== undefined) return { release };
  return { ...(service !== undefined && { service }), ...(revision !== undefined && { revision }) };
};

const releaseNumber = (given: string): number => wholeNumber(given, { least: 1, what: '--release' });

const revisionNumber = (given: string): number => wholeNumber(given.replace(/^r/, ''), { least: 1, what: 'revision' });
