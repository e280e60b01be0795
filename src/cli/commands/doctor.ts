import type { AddVerb, Session } from '../session.ts';
import { keyValue, keyValues } from '../repeatable.ts';
import { findingsText } from '../show/findings.ts';

interface Options {
  readonly buildArg?: readonly string[];
  readonly trust?: boolean;
}

export const addDoctor: AddVerb = (program, runner) => {
  program
    .command('doctor')
    .summary('what is missing on this machine, and how to get it')
    .description(
      'Looks at Node, Docker, the ports, the state folder and the base images; changes nothing without --trust.',
    )
    .option('--trust', 'instead: let this machine trust the authority for https on localhost names')
    .option('--build-arg <key=value>', 'build argument that names a base image (repeatable)', keyValue)
    .action((options: Options, command) => runner.run(command, (session) => doctor(session, options)));
};

const doctor = async (session: Session, options: Options): Promise<number> => {
  const { examine, trustAuthority } = await import('../doctor/index.ts');
  const findings =
    options.trust === true ? await trustAuthority(session) : await examine(session, keyValues(options.buildArg));
  if (session.output.wantsJson) session.output.json(findings);
  else session.output.print(findingsText(findings, session.output.colours));
  return findings.some((finding) => finding.state === 'missing') ? 1 : 0;
};
