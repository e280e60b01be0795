import { existsSync } from 'node:fs';
import type { AddVerb, Session } from '../session.ts';
import { reachSupervisor, takeDown } from '../supervisor/index.ts';
import { watching } from './watching.ts';

interface Options {
  readonly volumes?: boolean;
  readonly images?: boolean;
}

export const addDown: AddVerb = (program, runner) => {
  program
    .command('down')
    .summary('stop and remove everything; supervisor and proxy end too')
    .description('Stops every replica by its own drain and stop rules, removes it, then ends proxy and supervisor.')
    .option('--volumes', 'remove named volumes too: their data is lost')
    .option('--images', 'remove the images that were built too: the next `up` builds anew')
    .action((options: Options, command) => runner.run(command, (session) => down(session, options)));
};

const down = async (session: Session, { volumes, images }: Options): Promise<void> => {
  const { settings, output, signal } = session;
  if (!existsSync(settings.stateDir)) return output.note(`nothing runs here: there is no ${settings.stateDir}`);
  // Without a supervisor replicas and proxy may still run: a new one finds and removes them.
  await reachSupervisor(session);
  await watching(session, () =>
    takeDown(session, { volumes: volumes ?? false, ...(images === true && { images }) }, signal),
  );
  if (output.wantsJson) output.json({});
  else output.note('everything is stopped and removed');
};
