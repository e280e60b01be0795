import type { RouteTable } from '../../../src/model/index.ts';
import type { World } from '../world.ts';

type Pool = RouteTable['pools'][number];

/** Services reach each other by name past the public routes: whoever may serve users, and nobody else, may be reached so too. */
export class Names {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  beforePublish({ names, pools }: RouteTable): void {
    for (const [name, hosts] of names.flatMap(({ records }) => Object.entries(records))) {
      const service = name.split('.')[0] ?? name;
      const pool = pools.find(({ id }) => id.endsWith(`/${service}`));
      const meant = pool === undefined ? [] : servingHosts(pool);
      const stray = hosts.find((host) => !meant.includes(host));
      const missing = meant.find((host) => !hosts.includes(host));
      if (stray !== undefined) this.#fail(`${name} leads to ${stray}, which does not serve ${service}`);
      if (missing !== undefined) this.#fail(`${name} does not lead to ${missing}, which serves ${service}`);
    }
  }

  #fail(words: string): void {
    this.#world.fail('private names lead to who serves', words);
  }
}

/** A name has no shares: a version that has only some of the users is not reached by it. */
const servingHosts = ({ upstreams, split }: Pool): readonly string[] => {
  const newest = Math.max(...upstreams.map(({ revision }) => revision));
  const isTriedOut = (revision: number): boolean => split !== undefined && revision === newest;
  return upstreams.filter(({ revision }) => !isTriedOut(revision)).map(({ address }) => address.host);
};
