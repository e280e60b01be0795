import { followDeploy } from '../progress/index.ts';
import type { AddVerb } from '../session.ts';
import { keyValue, keyValues } from '../repeatable.ts';
import { watching } from './watching.ts';

export interface DeployOptions {
  readonly variable?: readonly string[];
  readonly platform?: string;
}

export const addDeploy: AddVerb = (program, runner) => {
  program
    .command('deploy')
    .summary('roll out what changed, or the services named')
    .description('Rolls out services by their own rules: named ones even if unchanged, otherwise all that changed.')
    .argument('[services...]', 'services to deploy')
    .option('--variable <key=value>', 'variable for these services from this deploy on (repeatable)', keyValue)
    .option('--platform <name>', 'replacement rules for this deploy and from then on: pointsman, railway, …')
    .action((services: string[], options: DeployOptions, command) =>
      runner.run(command, async (session) => {
        const result = await session.client.deploy(deployRequest(services, options), session.signal);
        return watching(session, () => followDeploy(session, result));
      }),
    );
};

export const deployRequest = (services: readonly string[], options: DeployOptions) => ({
  services,
  variables: keyValues(options.variable),
  ...(options.platform !== undefined && { platform: options.platform }),
  cause: 'deployed by hand',
});
