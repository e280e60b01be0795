import type { ExecReport, ExecRequest } from '../protocol/index.ts';
import { PointsmanError, serviceName } from '../model/index.ts';
import type { Assembly } from './assembly.ts';
import { unknownService } from './refusals.ts';
import { phaseOf } from './status.ts';

/** In the named replica, else in the newest one that is ready, else in any that runs. */
export const execInReplica = async (
  { parts, observer, records }: Pick<Assembly, 'parts' | 'observer' | 'records'>,
  { service, replica, command }: ExecRequest,
  signal: AbortSignal,
): Promise<ExecReport> => {
  const name = serviceName(service);
  if (records.service(name) === undefined) {
    throw unknownService(
      service,
      records.services().map((record) => record.service),
    );
  }
  const running = (await observer.observe(name)).filter(({ execution }) => execution.kind === 'running');
  const chosen =
    replica === undefined
      ? (running.findLast((each) => phaseOf(each) === 'ready') ?? running.at(-1))
      : running.find(({ id }) => id === replica);
  if (chosen === undefined) {
    throw new PointsmanError('EXEC_FAILED', {
      message: replica === undefined ? `no replica of ${service} runs` : `no replica ${replica} of ${service} runs`,
      fix: '`pointsman status` lists the replicas.',
    });
  }
  const { exitCode, output } = await parts.engine.exec(chosen.id, command, signal);
  return { replica: chosen.id, exitCode, output };
};
