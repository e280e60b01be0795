import { StateStore } from '../../src/control/store/index.ts';
import { Supervisor } from '../../src/control/supervisor.ts';
import type { ImageRef } from '../../src/model/index.ts';
import { errorReport } from '../../src/model/index.ts';
import { Containers } from './containers.ts';
import { Life } from './life.ts';
import { Random } from './random.ts';
import { Rules } from './rules/index.ts';
import type { Behaviour, Scenario } from './scenario.ts';
import { builderOf } from './sim-builder.ts';
import { engineOf } from './sim-engine.ts';
import { environment, hostOf, manifestPath, project } from './sim-host.ts';
import type { Manifest } from './sim-host.ts';
import { askOf } from './sim-checks.ts';
import { Link, Proxy } from './sim-proxy.ts';
import { SimDisk } from './sim-state.ts';
import { VirtualTime } from './virtual-time.ts';

/** What is wrong with the machinery at present. */
export interface Trouble {
  engineAway: 'refuses' | 'hangs' | undefined;
  callMs: number | undefined;
  errShare: number;
  events: 'told' | 'lost' | 'doubled';
}

export interface Violation {
  readonly rule: string;
  readonly words: string;
}

export interface Told {
  readonly at: number;
  readonly who: string;
  readonly words: string;
}

const epoch = 1_700_000_000_000;
const soonMs = 5000;

const nothing = (): void => undefined;

/** One machine in virtual time: what outlives a supervisor, and the supervisor that lives at present. */
export class World {
  readonly scenario: Scenario;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly trouble: Trouble = { engineAway: undefined, callMs: undefined, errShare: 0, events: 'told' };
  readonly manifest: Manifest;
  readonly disk = new SimDisk();
  readonly containers: Containers;
  readonly proxy: Proxy;
  readonly rules: Rules;
  readonly told: Told[] = [];
  /** Set while the supervisor watches files. */
  onFileChange: () => void = nothing;
  /** Calls once took so long that what they bring comes late. */
  wasSlow = false;
  /** Questions that were put once, by their paths. */
  readonly checksAsked = new Set<string>();
  /** By so much somebody has set the machine's clock back. */
  clockBehindMs = 0;
  /** Looks at the engine so far, by service; of all services under ''. */
  readonly looks = new Map<string, number>();
  life: Life;
  supervisor: Supervisor | undefined;
  /** Nobody can ask anything of it before. */
  hasStarted = false;
  violation: Violation | undefined;
  /** Folded over all that happened: equal for equal runs. */
  digest = 0;
  readonly #isTelling: boolean;

  /** With what another story left, or with nothing. */
  constructor(scenario: Scenario, isTelling = false, earlier?: World) {
    this.scenario = scenario;
    this.#isTelling = isTelling;
    this.time = new VirtualTime(earlier?.time.now ?? epoch);
    this.random = new Random(scenario.seed);
    this.manifest = { services: new Map(scenario.services.map((one) => [one.name, one])), isBroken: false };
    this.containers = new Containers(this);
    this.proxy = new Proxy(this);
    this.rules = new Rules(this);
    this.life = new Life(this);
    if (earlier !== undefined) this.#takeOver(earlier);
  }

  /** What the machine's clock says. */
  get timeOfDay(): number {
    return this.time.now - this.clockBehindMs;
  }

  readonly behaviourOf = (image: ImageRef): Behaviour => {
    const behaviour = this.scenario.versions[Number(image.slice(image.lastIndexOf('v') + 1))];
    if (behaviour === undefined) throw new Error(`no version of ${image}`);
    return behaviour;
  };

  /** A rule was broken: the first one counts. */
  fail(rule: string, words: string): void {
    this.violation ??= { rule, words };
    this.tell('RULE BROKEN', `${rule}: ${words}`);
  }

  tell(who: string, words: string): void {
    this.#fold(words);
    if (this.#isTelling) this.told.push({ at: this.time.now - epoch, who, words });
  }

  /** A supervisor is started as `pointsman up` does it; one that can't start is started again by who looks after it. */
  supervisorStarts(): void {
    this.proxy.comeBack();
    this.tell('supervisor', 'starts');
    const life = new Life(this);
    this.life = life;
    const store = new StateStore(this.disk.file((write, changes) => this.#writes(life, write, changes)));
    life.store = store;
    this.rules.afterStartOfSupervisor();
    const supervisor = new Supervisor({
      project,
      environment,
      manifests: manifestPath,
      http: { host: '127.0.0.1', port: 8080 },
      store,
      engine: engineOf(this, life),
      engineReason: 'simulated',
      builder: builderOf(this, life),
      proxy: new Link(this, life),
      clock: life.clock,
      log: this.#log(life),
      ask: askOf(this, life),
      host: hostOf(this, life),
    });
    this.supervisor = supervisor;
    this.hasStarted = false;
    supervisor.start({ catchUp: true }).then(
      () => life.isAlive && this.#afterStart(life, supervisor),
      (error: unknown) => life.isAlive && this.supervisorDies(`it can't start: ${errorReport(error).message}`, soonMs),
    );
  }

  supervisorDies(words: string, forMs: number): void {
    if (!this.life.isAlive) return;
    this.tell('supervisor', `dies ${words}`);
    this.life.end();
    this.time.after(forMs, () => this.supervisorStarts());
  }

  /** Ends in good order and is started again: an upgrade. */
  async supervisorRestarts(forMs: number): Promise<void> {
    const { life, supervisor } = this;
    if (!life.isAlive || supervisor === undefined) return;
    this.tell('supervisor', 'is asked to end');
    await supervisor.close();
    if (!life.isAlive) return;
    life.store?.close();
    this.supervisorDies('in good order', forMs);
  }

  #afterStart(life: Life, supervisor: Supervisor): void {
    this.hasStarted = true;
    this.#apply(life, supervisor);
  }

  /** Whoever ran `up` sees its error and tries again. */
  #apply(life: Life, supervisor: Supervisor): void {
    if (life.store === undefined || life.store.all('services').some(({ wanted }) => wanted)) return;
    this.rules.afterAsking();
    supervisor.apply({}, new AbortController().signal).catch((error: unknown) => {
      if (!life.isAlive) return;
      this.tell('user', `up fails: ${errorReport(error).message}`);
      life.clock.after(soonMs, () => this.#apply(life, supervisor));
    });
  }

  /** Only what is left of it is of interest any more. */
  rest(): void {
    this.time.clear();
    this.supervisor = undefined;
    this.onFileChange = nothing;
    this.proxy.forgetListeners();
    this.containers.forgetListeners();
    this.life = new Life(this);
    this.life.end();
  }

  #takeOver(earlier: World): void {
    this.manifest.services = earlier.manifest.services;
    this.disk.takeOver(earlier.disk);
    this.containers.takeOver(earlier.containers);
    this.proxy.takeOver(earlier.proxy);
    this.rules.takeOver(earlier.rules);
    for (const path of earlier.checksAsked) this.checksAsked.add(path);
    this.clockBehindMs = earlier.clockBehindMs;
    this.wasSlow = earlier.wasSlow;
    this.digest = earlier.digest;
    this.told.push(...earlier.told);
  }

  #writes(life: Life, write: () => void, changes: Parameters<Rules['beforeWrite']>[1]): void {
    life.write(() => {
      this.rules.beforeWrite(life, changes);
      write();
      this.rules.afterWrite(life);
    });
  }

  #log(life: Life) {
    const write = (_facts: object, message: string): void => {
      if (life.isAlive) this.tell('supervisor', message);
    };
    return { info: write, warn: write, error: write };
  }

  #fold(words: string): void {
    let digest = Math.imul(this.digest ^ (this.time.now % 1_000_000_007), 16_777_619);
    for (let index = 0; index < words.length; index += 1) {
      digest = Math.imul(digest ^ words.charCodeAt(index), 16_777_619);
    }
    this.digest = digest >>> 0;
  }
}
