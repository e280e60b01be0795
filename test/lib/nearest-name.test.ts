import { expect, it } from 'vitest';
import { nameHint, nearestName } from '../../src/lib/index.ts';

const names = ['healthcheckPath', 'healthcheckTimeout', 'mcp-cloud', 'DOCKERFILE', 'port'];

it.each([
  ['healthCheckPath', 'healthcheckPath'],
  ['healthcheckTimout', 'healthcheckTimeout'],
  ['mcp_cloud', 'mcp-cloud'],
  ['docker', 'DOCKERFILE'],
  ['prot', 'port'],
  ['hleathcheckPath', 'healthcheckPath'],
  ['trop', undefined],
  ['por', 'port'],
  ['something', undefined],
])('%s most likely means %s', (written, expected) => {
  expect(nearestName(written, names)).toBe(expected);
});

it('a hint names the nearest, else all there are', () => {
  expect(nameHint('webb', ['web', 'api'])).toBe('Did you mean "web"?');
  expect(nameHint('database', ['web', 'api'])).toBe('Known: web, api.');
  expect(nameHint('database', [])).toBe('There is none.');
});
