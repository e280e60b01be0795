import type { LogEntry } from '../../protocol/index.ts';
import type { AddVerb, Session } from '../session.ts';
import { logLine } from '../show/log-line.ts';
import { requireServices } from '../supervisor/index.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly follow?: boolean;
  readonly tail?: number;
}

export const addLogs: AddVerb = (program, runner) => {
  program
    .command('logs')
    .summary('what the services write, old and new version together')
    .description('Prints the output of all services or of those named; with --json one object per line.')
    .argument('[services...]', 'services to show')
    .option('-f, --follow', 'go on with new lines')
    .option('--tail <lines>', 'lines of each replica from the end', (given: string) =>
      wholeNumber(given, { least: 0, what: '--tail' }),
    )
    .action((services: string[], options: Options, command) =>
      runner.run(command, (session) => logs(session, services, options)),
    );
};

const logs = async (session: Session, services: readonly string[], options: Options): Promise<void> => {
  const { client, output, signal } = session;
  const status = await client.status(signal);
  requireServices(services, status);
  const [only] = services;
  const filter = {
    follow: options.follow ?? false,
    ...(options.tail !== undefined && { tail: options.tail }),
    ...(services.length === 1 && only !== undefined && { service: only }),
  };
  const shown = services.length === 0 ? status.services.map((service) => service.name) : services;
  for await (const entry of client.logs(filter, signal)) {
    if (services.length > 1 && !services.includes(entry.service)) continue;
    output.print(output.wantsJson ? JSON.stringify(entry satisfies LogEntry) : logLine(entry, output.colours, shown));
  }
};
