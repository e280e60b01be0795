import { randomInt } from 'node:crypto';
import { nameHint } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { SourceLocation } from '../model/index.ts';
import type { StoredSecrets } from './model.ts';
import { isSecretName } from './secret-name.ts';
import { parseTemplate } from './template.ts';
import type { Generator, Piece } from './template.ts';

/** Whoever has variables: a service, or `shared` for the project's own. */
export interface VariableOwner {
  readonly name: string;
  readonly written: Readonly<Record<string, WrittenVariable>>;
  /** Given by the platform; `own` is what the service itself sees of it, which can differ from what others see. */
  readonly provided: Readonly<Record<string, string>>;
  readonly toOthers: Readonly<Record<string, string>>;
}
export interface WrittenVariable {
  readonly text: string;
  readonly where: SourceLocation | undefined;
}

interface Step {
  readonly owner: VariableOwner;
  readonly path: string;
  readonly where: SourceLocation | undefined;
  /** `owner.NAME` of every variable being resolved on the way here. */
  readonly trail: readonly string[];
}

export const sharedOwner = 'shared';

/** Fills in references, every variable once; what can't be filled in is a problem and becomes empty. */
export class VariableResolver {
  readonly problems: PointsmanError[] = [];
  readonly #owners: ReadonlyMap<string, VariableOwner>;
  readonly #secrets: StoredSecrets;
  readonly #environment: string;
  readonly #resolved = new Map<string, string>();
  /** Variables that are secrets or hold one. */
  readonly #secretPaths = new Set<string>();

  constructor(owners: readonly VariableOwner[], secrets: StoredSecrets, environment: string) {
    this.#owners = new Map(owners.map((owner) => [owner.name, owner]));
    this.#secrets = secrets;
    this.#environment = environment;
  }

  /** All of a service's own variables. */
  variablesOf(ownerName: string): Readonly<Record<string, string>> {
    const owner = this.#owners.get(ownerName);
    if (owner === undefined) return {};
    return Object.fromEntries(
      Object.entries(owner.written).map(([name, variable]) => [name, this.#variable(owner, name, variable, [])]),
    );
  }

  /** Drawn by secret(), named like a secret, or made from such a one. */
  isSecret(ownerName: string, name: string): boolean {
    return this.#secretPaths.has(`${ownerName}.${name}`) || isSecretName(name);
  }

  /** Text that is no variable but may refer to some: a build argument. */
  text(ownerName: string, path: string, variable: WrittenVariable): string {
    const owner = this.#owners.get(ownerName);
    if (owner === undefined) return variable.text;
    return this.#fill(variable.text, { owner, path: `${ownerName}.${path}`, where: variable.where, trail: [] });
  }

  #variable(owner: VariableOwner, name: string, variable: WrittenVariable, trail: readonly string[]): string {
    const path = `${owner.name}.${name}`;
    const known = this.#resolved.get(path);
    if (known !== undefined) return known;
    if (trail.includes(path)) {
      const circle = [...trail.slice(trail.indexOf(path)), path].join(' → ');
      this.#problem(
        `These variables refer to each other: ${circle}.`,
        variable.where,
        'Give one of them a value of its own.',
      );
      return '';
    }
    const value = this.#fill(variable.text, { owner, path, where: variable.where, trail: [...trail, path] });
    this.#resolved.set(path, value);
    return value;
  }

  #fill(text: string, step: Step): string {
    let drawn = 0;
    return parseTemplate(text)
      .map((piece) => this.#piece(piece, step, piece.kind === 'generate' ? drawn++ : 0))
      .join('');
  }

  #piece(piece: Piece, step: Step, drawn: number): string {
    switch (piece.kind) {
      case 'text':
        return piece.text;
      case 'broken':
        this.#problem(
          `${step.path} ${piece.why}.`,
          step.where,
          'Write ${{service.NAME}}, ${{shared.NAME}}, ${{NAME}} or ${{ secret(32) }}.',
        );
        return '';
      case 'generate':
        if (piece.generate.kind === 'secret') this.#secretPaths.add(step.path);
        return this.#generated(`${this.#environment}/${step.path}${drawn === 0 ? '' : `#${drawn}`}`, piece.generate);
      case 'reference':
        return this.#reference(piece.owner, piece.name, step);
    }
  }

  #generated(path: string, generate: Generator): string {
    const kept = this.#secrets.get(path);
    if (kept !== undefined) return kept;
    const value = draw(generate);
    this.#secrets.set(path, value);
    return value;
  }

  #reference(ownerName: string | undefined, name: string, step: Step): string {
    const owner = ownerName === undefined ? step.owner : this.#owners.get(ownerName);
    if (owner === undefined) {
      const services = [...this.#owners.keys()];
      const message = `${step.path} refers to ${ownerName}.${name}, but there is no service "${ownerName}".`;
      this.#problem(message, step.where, nameHint(ownerName ?? '', services));
      return '';
    }
    const isOther = owner !== step.owner;
    const told = isOther ? owner.toOthers[name] : undefined;
    if (told !== undefined) return told;
    const written = owner.written[name];
    if (written !== undefined) {
      const value = this.#variable(owner, name, written, step.trail);
      if (this.isSecret(owner.name, name)) this.#secretPaths.add(step.path);
      return value;
    }
    const provided = owner.provided[name];
    if (provided !== undefined) return provided;
    const names = [...Object.keys(owner.written), ...Object.keys({ ...owner.provided, ...owner.toOthers })];
    const whose = owner.name === sharedOwner ? 'the project shares' : `${owner.name} has`;
    this.#problem(
      `${step.path} refers to ${owner.name}.${name}, but ${whose} no variable "${name}".`,
      step.where,
      hintOf(name, names),
    );
    return '';
  }

  #problem(message: string, where: SourceLocation | undefined, fix: string): void {
    this.problems.push(
      new PointsmanError('MANIFEST_REFERENCE', { message, fix, ...(where !== undefined && { where }) }),
    );
  }
}

const hintOf = (name: string, names: readonly string[]): string =>
  names.length === 0 ? 'Add it under spec.variables.' : nameHint(name, names);

const draw = (generate: Generator): string => {
  switch (generate.kind) {
    case 'secret':
      return Array.from({ length: generate.length }, () => generate.alphabet[randomInt(generate.alphabet.length)]).join(
        '',
      );
    case 'randomInt':
      return String(randomInt(generate.least, generate.most + 1));
  }
};
