import { followScale } from '../progress/index.ts';
import type { AddVerb } from '../session.ts';
import { watching } from './watching.ts';
import { wholeNumber } from './whole-number.ts';

export const addScale: AddVerb = (program, runner) => {
  program
    .command('scale')
    .summary('change how many replicas a service has')
    .description('Starts or drains replicas until so many run; holds until the manifest says another number.')
    .argument('<service>')
    .argument('<replicas>', 'how many', (given: string) => wholeNumber(given, { least: 0, what: 'replicas' }))
    .action((service: string, replicas: number, _options, command) =>
      runner.run(command, async (session) => {
        const asked = session.environment.clock.now();
        await session.client.scale({ service, replicas }, session.signal);
        return watching(session, () => followScale(session, { service, replicas, asked }));
      }),
    );
};
