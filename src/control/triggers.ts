import type { Engine } from '../engine/index.ts';
import type { Cancel, Clock } from '../lib/index.ts';
import type { EnvironmentName, NewEvent } from '../model/index.ts';
import { deploysByItself } from '../manifest/index.ts';
import { errorReport, PointsmanError } from '../model/index.ts';
import type { ApplyOptions, Commands } from './commands.ts';
import type { DesiredReader } from './desired.ts';
import type { EngineState } from './engine-state.ts';
import type { Host } from './host.ts';
import type { Loop } from './loop.ts';
import type { Records } from './records.ts';
import { changeWords, touchedServices, watchedPaths } from './sources.ts';
import { Watcher } from './watcher.ts';

const retryMs = 5000;
/** A file that is cut between two documents, by a slow copy or a merge, reads like one that means it. */
const removalGraceMs = 10_000;

export interface TriggersParts {
  readonly engine: Engine;
  readonly engineState: EngineState;
  readonly commands: Commands;
  readonly reader: DesiredReader;
  readonly records: Records;
  readonly environment: EnvironmentName;
  readonly loop: Loop;
  readonly host: Host;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewEvent) => void;
}

/** What happens outside → names in the queue, or the manifests read anew. */
export class Triggers {
  readonly #parts: TriggersParts;
  readonly #watcher: Watcher;
  #problems = '';
  /** Changes that could not be applied for a reason that lies not in them. */
  #missed: ReadonlySet<string> = new Set();
  #cancelRetry: Cancel = () => undefined;
  #cancelRemoval: Cancel = () => undefined;

  constructor(parts: TriggersParts) {
    this.#parts = parts;
    this.#watcher = new Watcher({
      clock: parts.clock,
      files: parts.host.files,
      onQuiet: (changed) => void this.#afterFiles(changed),
      onError: (message) => parts.onEvent({ severity: 'warning', reason: 'WatchFailed', message }),
    });
  }

  begin(): void {
    this.watch();
    void this.#followEngine();
  }

  /** What changed while no supervisor ran. */
  async catchUp(): Promise<void> {
    const { signal } = this.#parts;
    try {
      await this.#apply({ cause: 'changed while no supervisor ran' });
      this.watch();
    } catch (error) {
      if (signal.aborted) return;
      this.#tellFailed(error);
      if (!isAboutInput(error)) this.#tryAgain(new Set());
    }
  }

  /** Watches what the manifests, as last read, are made of. */
  watch(): void {
    const { loaded, specs } = this.#parts.reader.last;
    if (loaded !== undefined) this.#watcher.setPaths(watchedPaths(loaded, specs));
  }

  /** Files do nothing from now on; the engine still does. */
  async stopWatching(): Promise<void> {
    this.#cancelRetry();
    this.#cancelRemoval();
    await this.#watcher.close();
  }

  async #afterFiles(newlyChanged: ReadonlySet<string>): Promise<void> {
    const { reader, host, signal } = this.#parts;
    const { loaded, specs } = reader.last;
    const changed = new Set([...this.#missed, ...newlyChanged]);
    this.#missed = new Set();
    try {
      const touched = touchedServices(specs, changed, host.files);
      const cause = changeWords(loaded, specs, changed, host.files);
      if (await this.#deploysByItself()) await this.#apply({ cause, touched });
      this.#problems = '';
    } catch (error) {
      if (signal.aborted) return;
      this.#tellFailed(error);
      if (!isAboutInput(error)) this.#tryAgain(changed);
    }
    this.watch();
  }

  /** Services that left the manifests are spared until the manifests have said so for a while. */
  async #apply(options: Pick<ApplyOptions, 'cause' | 'touched'>): Promise<void> {
    const { commands, clock, signal, onEvent } = this.#parts;
    this.#cancelRemoval();
    await commands.apply({ ...options, retryFailed: false, sparesMissing: true }, signal);
    const missing = commands.missing();
    if (missing.length === 0) return;
    for (const service of missing) {
      const message = `${service} is in no manifest any more: removed in ${removalGraceMs / 1000} s unless it returns (pointsman up: at once)`;
      onEvent({ service, severity: 'warning', reason: 'ServiceMissing', message });
    }
    this.#cancelRemoval = clock.after(removalGraceMs, () => void this.#removeMissing());
  }

  async #removeMissing(): Promise<void> {
    const { commands, signal } = this.#parts;
    try {
      await commands.apply({ cause: 'left the manifests', retryFailed: false, touched: new Set() }, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#tellFailed(error);
      if (!isAboutInput(error)) this.#tryAgain(new Set());
    }
    this.watch();
  }

  /** Manifests say whether files are deployed here, or only what somebody asks for; they may just have changed their mind. */
  async #deploysByItself(): Promise<boolean> {
    const { reader, records, environment, signal } = this.#parts;
    const before = reader.last.loaded;
    if (before === undefined || deploysByItself(before, environment)) return true;
    const { loaded, problems } = await reader.preview(records.settings(), signal);
    return problems.length > 0 || loaded === undefined || deploysByItself(loaded, environment);
  }

  #tellFailed(error: unknown): void {
    const { message } = errorReport(error);
    const reason = isAboutInput(error) ? 'ManifestInvalid' : 'ApplyFailed';
    if (message !== this.#problems) this.#parts.onEvent({ severity: 'error', reason, message });
    this.#problems = message;
  }

  /** A full disk or an engine that is away passes; no file will change again because of that. */
  #tryAgain(changed: ReadonlySet<string>): void {
    this.#missed = new Set([...this.#missed, ...changed]);
    this.#cancelRetry();
    this.#cancelRetry = this.#parts.clock.after(retryMs, () => void this.#afterFiles(new Set()));
  }

  /** Events are hints: the service they name is looked at. After a gap everything is. */
  async #followEngine(): Promise<void> {
    const { engine, engineState, loop, signal, onEvent } = this.#parts;
    try {
      for await (const event of engine.events(signal)) {
        switch (event.kind) {
          case 'replica':
            loop.add(event.service);
            break;
          case 'resync':
            loop.addAll();
            break;
          case 'unreachable':
            engineState.noteLost(event.reason);
            break;
        }
      }
    } catch (error) {
      if (!signal.aborted) onEvent({ severity: 'error', reason: 'EngineEvents', message: errorReport(error).message });
    }
  }
}

/** Nothing but a change of what was written puts it right. */
const isAboutInput = (error: unknown): boolean => error instanceof PointsmanError && error.exitCode === 2;
