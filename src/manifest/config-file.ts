import type { PointsmanError, SourceLocation } from '../model/index.ts';
import type { Path } from './document.ts';

/** A foreign config file, read: values per section, ready to be merged under the manifest. */
export interface ConfigFile {
  readonly file: string;
  readonly base: ConfigValues;
  readonly environments: Readonly<Record<string, ConfigValues>>;
  /** Which of `environments` hold in an environment, given it and what it begins with; strongest first. */
  readonly environmentNames: (chain: readonly string[]) => readonly string[];
  readonly locate: (path: Path) => SourceLocation;
  /** What the user should know: keys nobody reads, values read in another spelling. */
  readonly notes: readonly string[];
  /** The same for every file of this kind. */
  readonly general: readonly string[];
  readonly problems: readonly PointsmanError[];
}

/** `build` and `deploy` with the manifest's own keys. */
export interface ConfigValues {
  readonly build?: Readonly<Record<string, unknown>>;
  readonly deploy?: Readonly<Record<string, unknown>>;
}
