import { followDeploy } from '../progress/index.ts';
import type { AddVerb, Session } from '../session.ts';
import { endLaunched, reachSupervisor } from '../supervisor/index.ts';
import { keyValue, keyValues } from '../repeatable.ts';
import { watching } from './watching.ts';

interface Options {
  readonly buildArg?: readonly string[];
}

export const addUp: AddVerb = (program, runner) => {
  program
    .command('up')
    .summary('start everything, or bring what runs in line with the manifests')
    .description('Starts the supervisor if none runs, reads the manifests, builds and rolls out what changed.')
    .argument('[path]', 'manifest file or folder')
    .option('--build-arg <key=value>', 'build argument, kept for later builds (repeatable)', keyValue)
    .action((path: string | undefined, options: Options, command) =>
      runner.run(command, (session) => up(session, options), path),
    );
};

const up = async (session: Session, options: Options): Promise<number> => {
  const result = await apply(session, options);
  return watching(session, async () => {
    const exitCode = await followDeploy(session, result);
    if (!session.output.wantsJson) await printAddresses(session);
    return exitCode;
  });
};

/** A supervisor that was started for manifests it then refused does not stay behind. */
const apply = async (session: Session, { buildArg }: Options) => {
  const launched = await reachSupervisor(session);
  const request = buildArg === undefined ? {} : { buildArgs: keyValues(buildArg) };
  try {
    return await session.client.apply(request, session.signal);
  } catch (error) {
    if (launched !== undefined) await endLaunched(session, launched);
    throw error;
  }
};

const printAddresses = async ({ client, output, signal }: Session): Promise<void> => {
  const status = await client.status(signal);
  for (const service of status.services) {
    for (const url of service.urls) output.print(`${service.name}  ${output.colours.cyan(url)}`);
  }
};
