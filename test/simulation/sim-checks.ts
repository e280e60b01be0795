import type { Check, CheckStage, ServiceName } from '../../src/model/index.ts';
import type { Ask } from '../../src/verify/index.ts';
import type { Life } from './life.ts';
import { never } from './life.ts';
import type { Sketch } from './scenario.ts';
import type { World } from './world.ts';

/** What is asked about one version in one stage; its path says so. */
export const checkOf = ({ name, version }: Sketch, stage: CheckStage): Check => ({
  name: `${stage} the deploy`,
  through: stage === 'smoke' || stage === 'after' ? 'replicas' : 'proxy',
  withinSeconds: 4,
  everySeconds: 2,
  question: { kind: 'http', method: 'GET', path: `/${name}/${stage}/${version}`, headers: {}, status: 200, json: {} },
});

const quickMs = 2;

/** Answers as the version in question does, by whoever is asked: nobody answers in place of one that hangs or is not there. */
export const askOf =
  (world: World, life: Life): Ask =>
  (question, target, { timeoutSeconds }) => {
    if (!life.isAlive) return never();
    const [, service, stage, version] = question.kind === 'http' ? question.path.split('/') : [];
    const asked: Asked = {
      service: service as ServiceName,
      stage: stage as CheckStage,
      version: Number(version),
      isFirst: world.checksAsked.size === world.checksAsked.add(`${service}/${stage}/${version}`).size - 1,
    };
    const hangs = howOf(world, asked) === 'never';
    return new Promise((resolve) => {
      world.time.after(hangs ? timeoutSeconds * 1000 : quickMs, () => {
        if (!life.isAlive) return;
        const isThere =
          target.kind === 'replica' ? world.containers.isReady(target.id) : isServed(world, asked.service);
        const ok = !hangs && isThere && answersWell(world, asked);
        world.rules.afterAnswer(asked.service, asked.stage, ok);
        resolve({ ok, words: ok ? 'answered 200' : hangs ? 'no answer' : 'answered 500' });
      });
    });
  };

interface Asked {
  readonly service: ServiceName;
  readonly stage: CheckStage;
  readonly version: number;
  readonly isFirst: boolean;
}

const howOf = ({ scenario }: World, { stage, version }: Asked) => {
  const check = scenario.versions[version]?.check;
  return check?.stage === stage ? check.how : 'well';
};

const answersWell = (world: World, asked: Asked): boolean => {
  switch (howOf(world, asked)) {
    case 'well':
      return true;
    case 'badly at first':
      return !asked.isFirst;
    case 'now well, now badly':
      return Math.floor(world.time.now / 1000) % 2 === 0;
    case 'badly':
    case 'never':
      return false;
  }
};

const isServed = ({ proxy, containers }: World, service: ServiceName): boolean => {
  const pool = proxy.table?.pools.find(({ id }) => id.endsWith(`/${service}`));
  return proxy.isUp && (pool?.upstreams ?? []).some(({ id }) => containers.isReady(id));
};
