import type { Duplex } from 'node:stream';
import type { ReplicaId } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import { OutputTail } from '../output-tail.ts';
import type { ExecResult } from '../port.ts';
import { askDocker, engineError, engineWords, httpStatus, openDockerStream } from './ask.ts';
import type { DockerContext } from './context.ts';
import { FrameDecoder } from './frames.ts';

/** After an abort the command itself runs on in the container until it ends: Docker has no call to stop an exec. */
export const execInReplica = async (
  context: DockerContext,
  replica: ReplicaId,
  command: readonly string[],
  signal: AbortSignal,
): Promise<ExecResult> => {
  const container = context.docker.getContainer(replica);
  const what = `run ${command[0] ?? 'a command'} in ${replica}`;
  try {
    const exec = await askDocker(what, signal, (abortSignal) =>
      container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal }),
    );
    const stream = await openDockerStream(what, signal, (abortSignal) =>
      exec.start({ hijack: true, stdin: false, abortSignal }),
    );
    const output = await readOutput(stream, signal);
    const { ExitCode: exitCode } = await askDocker(what, signal, (abortSignal) => exec.inspect({ abortSignal }));
    return { exitCode: exitCode ?? 0, output };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const status = httpStatus(error);
    if (status !== 404 && status !== 409) throw engineError(what, error);
    throw new PointsmanError('EXEC_FAILED', {
      message: `Could not ${what}: ${engineWords(error)}`,
      fix: 'A command can only run in a replica that runs: see `pointsman status`.',
      cause: error,
    });
  }
};

const readOutput = async (stream: Duplex, signal: AbortSignal): Promise<string> => {
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  const tail = new OutputTail();
  const frames = new FrameDecoder();
  try {
    for await (const chunk of stream) {
      for (const { payload } of frames.push(chunk)) tail.push(payload);
    }
    return tail.text();
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
