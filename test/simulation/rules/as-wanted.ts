import type { ServiceRecord } from '../../../src/control/store/index.ts';
import type { ImageRef, Revision } from '../../../src/model/index.ts';
import { isFinished } from '../../../src/model/index.ts';
import type { Container } from '../containers.ts';
import { specOf } from '../sim-host.ts';
import { textOf } from '../text.ts';
import type { World } from '../world.ts';
import type { Decisions } from './decisions.ts';
import { seatsOf } from './decisions.ts';

/** Once the faults have stopped, the world becomes what the manifest says: nothing missing, nothing left over, nothing under way. */
export class AsWanted {
  readonly #world: World;
  readonly #decisions: Decisions;
  readonly #lostImages = new Set<ImageRef>();

  constructor(world: World, decisions: Decisions) {
    this.#world = world;
    this.#decisions = decisions;
  }

  loseImage(image: ImageRef): void {
    this.#lostImages.add(image);
    this.#world.containers.images.delete(image);
  }

  /** What a kept version runs, or is gone back to, stays. */
  beforeCollect(keep: ReadonlySet<ImageRef>): void {
    for (const record of this.#decisions.services()) {
      const needed = [record.active, this.#decisions.newestRollout(record.service)?.rollout.to];
      for (const number of needed) {
        const image = number === undefined ? undefined : this.#decisions.revision(record.service, number)?.image;
        if (image === undefined || keep.has(image)) continue;
        this.#world.fail(
          'what is gone back to is kept',
          `${image} of ${record.service} revision ${number} is collected`,
        );
      }
    }
  }

  whatIsNotRight(): string | undefined {
    const { life, manifest } = this.#world;
    if (!life.isAlive || life.store === undefined) return 'no supervisor lives';
    const [waited] = life.waitsFor;
    if (waited !== undefined) return `the build of ${waited} is still waited for`;
    if (life.store.failure !== undefined) return 'not everything is written down';
    for (const sketch of manifest.services.values()) {
      const spec = specOf(sketch);
      const record = this.#decisions.service(spec.name);
      if (record?.wanted !== true) return `${spec.name} stands in the manifest and is not wanted`;
      if (!isSame(record, spec)) return `${spec.name} is not what the manifest says`;
    }
    for (const record of this.#decisions.services()) {
      // Without its image a version can't be what is wanted, however long one waits.
      if (this.#lostImages.size > 0) continue;
      const wrong = this.#service(record);
      if (wrong !== undefined) return wrong;
    }
    return this.#leftOver();
  }

  #service(record: ServiceRecord): string | undefined {
    const { service } = record;
    if (record.wanted && !this.#world.manifest.services.has(service))
      return `${service} left the manifest and is wanted`;
    const rollout = this.#decisions.newestRollout(service)?.rollout;
    if (rollout !== undefined && !isFinished(rollout.phase)) return `${rollout.id} is still ${rollout.phase}`;
    const containers = this.#world.containers.of(service).filter(({ state }) => state !== 'exited');
    const routed = this.#routedOf(service);
    const revision = record.active === undefined ? undefined : this.#decisions.revision(service, record.active);
    if (!record.wanted || revision === undefined) {
      if (containers.length > 0) return `${containers[0]?.id} runs, and nobody wants it`;
      return routed.length > 0 ? `${routed[0]} is routed, and nobody wants it` : undefined;
    }
    if (rollout?.phase === 'completed' && rollout.to !== record.active)
      return `${rollout.to} of ${service} completed and is not active`;
    if (rollout?.phase === 'completed' && record.replicasBefore !== undefined)
      return `${service} has the number of a version that was replaced`;
    return this.#seats(record, revision, containers) ?? this.#routes(service, containers, routed);
  }

  /** Every seat has one replica of the version that works, unless that ended too often to be started again. */
  #seats(record: ServiceRecord, revision: Revision, containers: readonly Container[]): string | undefined {
    const wanted = seatsOf(record, revision);
    const seats = Array.from({ length: wanted }, (_, slot) => slot);
    const odd = containers.find(({ start }) => start.revision !== revision.number || start.slot >= wanted);
    // Where what works can't be brought back, whoever else serves goes on serving.
    if (odd !== undefined && !seats.some((slot) => this.#isGivenUp(revision, slot)))
      return `${odd.id} runs beside what is wanted`;
    for (const slot of seats) {
      const here = containers.filter(({ start }) => start.slot === slot && start.revision === revision.number);
      if (here.length > 1) return `seat ${slot} of ${record.service} is taken twice`;
      if (here.length === 0 && !this.#isGivenUp(revision, slot)) return `seat ${slot} of ${record.service} is empty`;
    }
    return undefined;
  }

  #isGivenUp(revision: Revision, slot: number): boolean {
    if (this.#decisions.isGivenUp(revision, slot)) return true;
    const { service, number, image, spec } = revision;
    const crashes = this.#world.life.store?.get('slots', `${service}/${number}/${slot}`)?.crashes ?? [];
    const policies = [this.#decisions.service(service)?.policy ?? spec.policy, spec.policy];
    const isLost = image !== undefined && this.#lostImages.has(image);
    const endsAgain = this.#world.behaviourOf(image ?? ('v0' as ImageRef)).ends !== undefined;
    return crashes.length > 0 && (isLost || endsAgain) && policies.some(({ restart }) => restart.when === 'always');
  }

  #routes(service: string, containers: readonly Container[], routed: readonly string[]): string | undefined {
    for (const container of containers) {
      const isServing = routed.includes(container.id);
      if (!isServing && !container.hangs && !isRestless(container)) return `${container.id} gets no requests`;
    }
    const stale = routed.find((id) => !containers.some((container) => container.id === id));
    return stale === undefined ? undefined : `${stale} of ${service} is routed and does not run`;
  }

  #routedOf(service: string): readonly string[] {
    const pool = this.#world.proxy.table?.pools.find(({ id }) => id.endsWith(`/${service}`));
    return pool?.upstreams.map(({ id }) => id) ?? [];
  }

  #leftOver(): string | undefined {
    const stranger = [...this.#world.containers.all.values()].find(
      ({ start, state }) => state !== 'exited' && this.#decisions.service(start.service) === undefined,
    );
    return stranger === undefined ? undefined : `${stranger.id} belongs to nobody`;
  }
}

/** One that will end by itself comes and goes for ever. */
const isRestless = ({ behaviour, start }: Container): boolean =>
  behaviour.neverReady || (behaviour.ends !== undefined && start.attempt <= behaviour.ends.attempts);

const isSame = ({ applied }: ServiceRecord, spec: ServiceRecord['applied']['spec']): boolean =>
  applied.spec === spec || textOf(applied.spec) === textOf(spec);
