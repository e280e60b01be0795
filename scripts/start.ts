// `npm start`: the main job. Rehearses one deploy of a real project under three sets of rules, on Docker where it can be
// had (manifests/planexe), else on the embedded process engine (manifests/quickstart). Arguments go to `rehearse`.
import { execa } from 'execa';
import { ensureDocker, findBaseImages } from './ensure-docker.ts';

const onProcesses = (reason: string): readonly string[] => {
  process.stderr.write(
    `pointsman: no Docker (${reason}), so the quickstart is rehearsed on the embedded process engine.\n`,
  );
  return ['manifests/quickstart', '--engine', 'process'];
};

const chooseRehearsal = async (): Promise<readonly string[]> => {
  const docker = await ensureDocker();
  if (!docker.answers) return onProcesses(docker.reason);
  const bases = await findBaseImages();
  if (bases.kind === 'missing') return onProcesses(bases.reason);
  process.stderr.write(
    `pointsman: Docker ${docker.version} answers, so PlanExe's five services are built and rehearsed in containers.\n`,
  );
  return ['manifests/planexe', '--engine', 'docker', ...bases.flags];
};

const rehearsal = await chooseRehearsal();

// Ctrl-C reaches the rehearsal through the terminal; this process stays to hand on its exit code.
process.on('SIGINT', () => {});
const run = await execa(
  process.execPath,
  ['src/bin/pointsman.ts', 'rehearse', ...rehearsal, ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    reject: false,
  },
);
process.exitCode = run.exitCode ?? 1;
