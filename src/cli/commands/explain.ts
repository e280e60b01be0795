import type { AddVerb, Session } from '../session.ts';
import { explainText } from '../show/explain.ts';
import { askSupervisor } from '../supervisor/index.ts';

export const addExplain: AddVerb = (program, runner) => {
  program
    .command('explain')
    .summary('where each effective value of a service comes from, and what it overrode')
    .description('Shows each value that is in force, who said it, and whose word it overrode. Secrets are masked.')
    .argument('<service>')
    .action((service: string, _options, command) => runner.run(command, (session) => explain(session, service)));
};

const explain = async (session: Session, service: string): Promise<void> => {
  const { client, output, environment, signal } = session;
  const report = await askSupervisor(session, () => client.explain(service, signal));
  if (output.wantsJson) output.json(report);
  else output.print(explainText(report, output.colours, environment.cwd));
};
