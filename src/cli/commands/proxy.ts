import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { collect } from '../repeatable.ts';
import type { AddVerb, Session } from '../session.ts';

const killedCode = 1;

interface Options {
  readonly route?: readonly string[];
  readonly tcp?: readonly string[];
  readonly certificate?: readonly string[];
  readonly workers?: string;
  readonly trust?: readonly string[];
  readonly maxBody?: string;
  readonly responseTimeout?: string;
}

interface UpgradeOptions {
  readonly within?: string;
}

export const addProxy: AddVerb = (program, runner) => {
  const proxy = program
    .command('proxy')
    .summary('the proxy: alone, or the one that serves here')
    .description('The reverse proxy without a supervisor, and what can be done to one that runs.');
  proxy
    .command('run')
    .summary('run the proxy alone, in the foreground')
    .description('Runs the proxy with fixed routes: `--http 127.0.0.1:18080 --route app.localhost=127.0.0.1:3000`.')
    .option('--route <host[/prefix]=address:port>', 'where requests for a host go (repeatable)', collect)
    .option('--tcp <address:port=address:port>', 'where connections go as they are (repeatable)', collect)
    .option('--certificate <cert,key>', 'PEM files to serve https with (repeatable)', collect)
    .option('--workers <count>', 'processes that forward (default: 1)')
    .option(
      '--trust <cidr>',
      'proxies in front whose X-Forwarded-* and X-Request-ID are believed (repeatable)',
      collect,
    )
    .option('--max-body <bytes>', 'more content is answered with 413 (default: no limit)')
    .option('--response-timeout <seconds>', 'an application that has not begun to answer gives 504 (default: no limit)')
    .action((options: Options, command) => runner.run(command, (session) => runProxy(session, options)));
  proxy
    .command('upgrade')
    .summary("replace the running proxy's workers, and their code, without losing a request")
    .description('New workers begin to serve on the same ports; those of before finish what they have begun.')
    .option('--within <seconds>', 'what they get to finish; the rest is cut, but for TCP connections (default: 30)')
    .action((options: UpgradeOptions, command) => runner.run(command, (session) => upgradeProxy(session, options)));
};

const upgradeProxy = (session: Session, { within }: UpgradeOptions): Promise<number> => {
  const folder = join(session.settings.stateDir, 'proxy');
  return runProgram(session, ['upgrade', '--state', folder, ...(within === undefined ? [] : ['--within', within])]);
};

/** The same words as the proxy's own program takes; it checks them. */
const runProxy = (session: Session, options: Options): Promise<number> => {
  const { settings } = session;
  const flags = [
    ...(settings.http === undefined ? [] : ['--http', settings.http]),
    ...(settings.https === undefined ? [] : ['--https', settings.https]),
    ...(options.route ?? []).flatMap((route) => ['--route', route]),
    ...(options.tcp ?? []).flatMap((tcp) => ['--tcp', tcp]),
    ...(options.certificate ?? []).flatMap((certificate) => ['--certificate', certificate]),
    ...(settings.metrics === undefined ? [] : ['--metrics', settings.metrics]),
    ...(settings.accessLog === undefined ? [] : ['--access-log', settings.accessLog]),
    ...(options.trust ?? []).flatMap((cidr) => ['--trust', cidr]),
    ...(options.workers === undefined ? [] : ['--workers', options.workers]),
    ...(options.maxBody === undefined ? [] : ['--max-body', options.maxBody]),
    ...(options.responseTimeout === undefined ? [] : ['--response-timeout', options.responseTimeout]),
  ];
  return runProgram(session, ['run', ...flags]);
};

const runProgram = async ({ environment, signal }: Session, args: readonly string[]): Promise<number> => {
  const { programs, variables } = environment;
  const child = spawn(programs.node, [programs.proxy, ...args], { stdio: 'inherit', env: variables });
  // A terminal's Ctrl-C reaches it too; a signal sent to this process alone is handed on.
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  const [code] = (await once(child, 'exit')) as [number | null];
  signal.throwIfAborted();
  return code ?? killedCode;
};
