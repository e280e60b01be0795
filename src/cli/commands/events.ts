import type { AddVerb, Session } from '../session.ts';
import { eventLine } from '../show/event-line.ts';
import { requireServices } from '../supervisor/index.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly follow?: boolean;
  readonly tail?: number;
}

export const addEvents: AddVerb = (program, runner) => {
  program
    .command('events')
    .summary('what happened, enough to reconstruct a deploy afterwards')
    .description('Prints the stored events, oldest first; with --json one object per line.')
    .argument('[service]', 'only those of one service')
    .option('-f, --follow', 'go on with what happens from now on')
    .option('--tail <count>', 'only the newest so many', (given: string) =>
      wholeNumber(given, { least: 0, what: '--tail' }),
    )
    .action((service: string | undefined, options: Options, command) =>
      runner.run(command, (session) => events(session, service, options)),
    );
};

const events = async (session: Session, service: string | undefined, options: Options): Promise<void> => {
  const { client, output, signal } = session;
  if (service !== undefined) requireServices([service], await client.status(signal));
  const filter = {
    follow: options.follow ?? false,
    ...(options.tail !== undefined && { tail: options.tail }),
    ...(service !== undefined && { service }),
  };
  for await (const event of client.events(filter, signal)) {
    output.print(output.wantsJson ? JSON.stringify(event) : eventLine(event, output.colours));
  }
};
