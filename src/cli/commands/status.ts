import { statusText } from '../show/status.ts';
import { requireServices } from '../supervisor/index.ts';
import type { AddVerb, Session } from '../session.ts';

export const addStatus: AddVerb = (program, runner) => {
  program
    .command('status')
    .summary('what runs, how it is, and what to do next')
    .description('Shows every service with its conditions; of the services named, their replicas too.')
    .argument('[services...]', 'services whose replicas are shown')
    .action((services: string[], _options, command) => runner.run(command, (session) => showStatus(session, services)));
};

const showStatus = async (session: Session, named: readonly string[]): Promise<void> => {
  const { client, output, environment, signal } = session;
  const status = await client.status(signal);
  requireServices(named, status);
  const shown =
    named.length === 0
      ? status
      : { ...status, services: status.services.filter((service) => named.includes(service.name)) };
  if (output.wantsJson) return output.json(shown);
  const view = { now: environment.clock.now(), cwd: environment.cwd, replicas: named.length > 0 };
  output.print(statusText(shown, output.colours, view));
};
