import type { ValueOrigin, ValueSource } from '../model/index.ts';
import { pointsman } from './pointsman.ts';
import type { Choice, PolicyProblem } from './policy-input.ts';
import type { PlatformProfile, PlatformRules, RuleName } from './profile.ts';

/** Reads one profile's rules, fills gaps from our own, and keeps what a user should learn about it. */
export class Findings {
  readonly origins: Record<string, ValueOrigin> = {};
  readonly notes: string[] = [];
  readonly problems: PolicyProblem[] = [];
  readonly #profile: PlatformProfile;
  readonly #undocumented: RuleName[] = [];

  constructor(profile: PlatformProfile) {
    this.#profile = profile;
  }

  get platform(): string {
    return this.#profile.name;
  }

  /** A rule the user has no say in. */
  rule<Rule extends RuleName>(rule: Rule): PlatformRules[Rule] {
    const { value, source } = this.#known(rule);
    this.origins[`policy.${rule}`] ??= { value, source, overrode: this.#gap(rule) };
    return value;
  }

  /** What the user said, else the platform's rule. */
  choose<Rule extends RuleName>(
    path: string,
    choice: Choice<PlatformRules[Rule]> | undefined,
    rule: Rule,
  ): PlatformRules[Rule] {
    const { value, source } = this.#known(rule);
    if (choice === undefined) {
      this.origins[path] = { value, source, overrode: this.#gap(rule) };
      return value;
    }
    this.origins[path] = { ...choice, overrode: [...choice.overrode, { value, source }] };
    return choice.value;
  }

  /** The platform's value although the user said otherwise. */
  overrule(path: string, value: unknown, choice: ValueOrigin | undefined, rule: RuleName): void {
    const lost = choice === undefined ? [] : [{ value: choice.value, source: choice.source }, ...choice.overrode];
    this.origins[path] = { value, source: this.#known(rule).source, overrode: lost };
  }

  /** One note for all the gaps that were met. */
  close(): void {
    if (this.#undocumented.length === 0) return;
    this.notes.push(
      `${this.platform} does not say what it does about ${this.#undocumented.join(', ')}: Pointsman's own values are used.`,
    );
  }

  #known<Rule extends RuleName>(rule: Rule): { value: PlatformRules[Rule]; source: ValueSource } {
    const said = this.#profile.rules[rule];
    if (said === 'unknown') {
      if (!this.#undocumented.includes(rule)) this.#undocumented.push(rule);
      return { value: pointsman.rules[rule].value, source: { kind: 'default' } };
    }
    return { value: said.value, source: { kind: 'platform', platform: this.platform, source: said.source } };
  }

  #gap(rule: RuleName): ValueOrigin['overrode'] {
    if (this.#profile.rules[rule] !== 'unknown') return [];
    return [{ value: 'unknown', source: { kind: 'platform', platform: this.platform, source: 'not documented' } }];
  }
}
