import type { AddVerb, Session } from '../session.ts';
import { planText } from '../show/plan.ts';
import { askSupervisor } from '../supervisor/index.ts';
import { deployRequest } from './deploy.ts';
import type { DeployOptions } from './deploy.ts';
import { keyValue } from '../repeatable.ts';

export const addPlan: AddVerb = (program, runner) => {
  program
    .command('plan')
    .summary('what a deploy would do; changes nothing')
    .description('Prints every operation a deploy would carry out, with its cause, and does none of them.')
    .argument('[services...]', 'services to plan for')
    .option('--variable <key=value>', 'as with deploy (repeatable)', keyValue)
    .option('--platform <name>', 'as with deploy')
    .action((services: string[], options: DeployOptions, command) =>
      runner.run(command, (session) => plan(session, services, options)),
    );
};

const plan = async (session: Session, services: readonly string[], options: DeployOptions): Promise<void> => {
  const { client, output, signal } = session;
  const report = await askSupervisor(session, () => client.plan(deployRequest(services, options), signal));
  if (output.wantsJson) output.json(report);
  else output.print(planText(report));
};
