import { readFileSync } from 'node:fs';
import * as requests from '../corpus/request-cases.ts';
import { brokenBodies, doubtfulHeads, unusualResponses } from '../corpus/response-cases.ts';

/** Longer ones would only slow the search down: the grammar has its own long pieces. */
const longest = 2_000;

const { unusual, ...refused } = requests;

export const requestSeeds: readonly string[] = [...Object.values(refused), unusual]
  .flatMap((group) => Object.values(group))
  .map(([bytes]) => bytes)
  .filter((bytes) => bytes.length < longest);

export const responseSeeds: readonly string[] = [
  ...Object.values(doubtfulHeads),
  ...Object.values(brokenBodies),
  ...Object.values(unusualResponses).map(([said]) => said),
].filter((bytes) => bytes.length < longest);

/** Every text in a JSON file that looks like a message is one more seed. */
export const seedsFrom = (
  file: string,
): { readonly requests: readonly string[]; readonly responses: readonly string[] } => {
  const texts = textsIn(JSON.parse(readFileSync(file, 'utf8'))).filter(
    (text) => text.includes('HTTP/1.') && text.length < longest,
  );
  return {
    requests: texts.filter((text) => !text.startsWith('HTTP/')),
    responses: texts.filter((text) => text.startsWith('HTTP/')),
  };
};

const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
};
