import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRailwayConfig } from '../../../../src/manifest/import/railway/index.ts';
import { lines } from '../../project-folder.ts';

const toml = (content: string) => readRailwayConfig('/app/railway.toml', content);
const json = (content: string) => readRailwayConfig('/app/railway.json', content);
const problems = (config: ReturnType<typeof toml>): string[] => lines(config.problems, '/app');

describe('a railway.toml', () => {
  it('is read with every table that counts, and each value knows its place', () => {
    const config = toml(`# web
[build]
builder = "DOCKERFILE"
watchPatterns = [
  "/web/**", # [not] a table
  "/shared/**",
]

[deploy]
startCommand = """
node \\
  server.js"""
healthcheckPath = "/up"
multiRegionConfig = { us-west2 = { numReplicas = 2 } }

[environments.staging.deploy]
numReplicas = 1
`);
    expect(problems(config)).toEqual([]);
    expect(config.notes).toEqual([]);
    expect(config.base).toEqual({
      build: { builder: 'DOCKERFILE', watchPatterns: ['/web/**', '/shared/**'] },
      deploy: {
        startCommand: 'node server.js',
        healthcheckPath: '/up',
        multiRegionConfig: { 'us-west2': { numReplicas: 2 } },
      },
    });
    expect(config.environments).toEqual({ staging: { build: {}, deploy: { numReplicas: 1 } } });
    expect(config.locate(['deploy', 'healthcheckPath'])).toEqual({ file: '/app/railway.toml', line: 13, column: 19 });
    expect(config.locate(['environments', 'staging', 'deploy', 'numReplicas'])).toMatchObject({ line: 17, column: 15 });
    expect(config.locate(['deploy', 'multiRegionConfig', 'us-west2'])).toMatchObject({ line: 14, column: 21 });
  });

  it('may use dotted keys and Windows line ends', () => {
    const config = toml('build.builder = "DOCKERFILE"\r\n  deploy.healthcheckTimeout = 30\r\n');
    expect(config.base).toEqual({ build: { builder: 'DOCKERFILE' }, deploy: { healthcheckTimeout: 30 } });
    expect(config.locate(['deploy', 'healthcheckTimeout'])).toMatchObject({ line: 2, column: 31 });
  });

  it('may write enums in any case, as the documentation itself does, and says how they were read', () => {
    const config = toml(
      '[build]\nbuilder = "dockerfile"\n[deploy]\nrestartPolicyType = "on_failure"\nhealthcheckPath = "up"\n',
    );
    expect(config.base).toEqual({
      build: { builder: 'DOCKERFILE' },
      deploy: { restartPolicyType: 'ON_FAILURE', healthcheckPath: '/up' },
    });
    expect(config.notes).toEqual([
      'build.builder: written dockerfile, read as DOCKERFILE.',
      'deploy.restartPolicyType: written on_failure, read as ON_FAILURE.',
      'deploy.healthcheckPath: written up, read as /up.',
    ]);
  });

  it('keeps what Railway does not read out of the service and says so', () => {
    const config = toml(`[build]
context = "."
watchPaths = ["/a"]
[deploy]
healthCheckPath = "/up"
startComand = "node x"
healthcheckInterval = 10
[env]
A = "1"
[[services]]
name = "a"
[environments.production.variables]
B = "2"
`);
    expect(config.base).toEqual({ build: {}, deploy: {} });
    expect(problems(config)).toEqual([]);
    expect(config.notes).toEqual([
      'line 8: env is not read by Railway: variables are not set in this file but in the manifest.',
      'line 11: services is not read by Railway: one file configures one service.',
      'line 2: build.context is not read by Railway: the context is the source folder; another one is set by build.context of the manifest.',
      'line 3: build.watchPaths is not read by Railway: patterns are listed in build.watchPatterns.',
      'line 5: deploy.healthCheckPath is not read by Railway: the key is deploy.healthcheckPath, with a small c.',
      'line 6: deploy.startComand is not read by Railway: perhaps startCommand was meant.',
      'line 7: deploy.healthcheckInterval is not read by Railway: the interval is fixed by the platform.',
      'line 12: environments.production.variables is not read by Railway: variables are not set in this file but in the manifest.',
    ]);
  });
});

describe('what Railway would refuse is an error with its place', () => {
  it.each([
    [
      'a number in quotes, as the documentation shows it',
      '[deploy]\noverlapSeconds = "20"\n',
      'CONFIG_INVALID railway.toml:2:18 deploy.overlapSeconds must be a number of seconds, but is "20". Write 20 without quotes.',
    ],
    [
      'two pre-deploy commands',
      '[deploy]\npreDeployCommand = ["a", "b"]\n',
      'CONFIG_INVALID railway.toml:2:20 deploy.preDeployCommand must be a command, or a list of exactly one command, but is a list.',
    ],
    [
      'a restart policy with a hyphen',
      '[deploy]\nrestartPolicyType = "on-failure"\n',
      'CONFIG_INVALID railway.toml:2:21 deploy.restartPolicyType must be one of ON_FAILURE, ALWAYS, NEVER, but is "on-failure". Did you mean ON_FAILURE?',
    ],
    [
      'a builder that does not exist',
      '[build]\nbuilder = "docker"\n',
      'CONFIG_INVALID railway.toml:2:11 build.builder must be one of DOCKERFILE, RAILPACK, NIXPACKS, HEROKU, PAKETO, but is "docker". Did you mean DOCKERFILE?',
    ],
    [
      'a wrong value of one environment',
      '[environments.staging.deploy]\nnumReplicas = 0.5\n',
      'CONFIG_INVALID railway.toml:2:15 environments.staging.deploy.numReplicas must be a whole number from 0 to 200, but is 0.5.',
    ],
    [
      'JSON under the name of TOML',
      '{\n  "build": {}\n}\n',
      'CONFIG_INVALID railway.toml:1:1 This is not valid TOML: illegal character in key. This looks like JSON: name the file railway.json.',
    ],
    [
      'a file that was cut off',
      '[deploy]\nstartCommand = "node',
      'CONFIG_INVALID railway.toml:2:16 This is not valid TOML: unfinished string. Correct the syntax at this place.',
    ],
  ])('%s', (_, content, expected) => {
    expect(problems(toml(content))).toEqual([expected]);
  });
});

describe('a railway.json', () => {
  it('may have comments and trailing commas, which Railway itself refuses', () => {
    const config = json(`{
  // the web service
  "deploy": {
    "startCommand": "node a.js // not a comment,",
    "numReplicas": 2, /* two */
  },
}
`);
    expect(problems(config)).toEqual([]);
    expect(config.base.deploy).toEqual({ startCommand: 'node a.js // not a comment,', numReplicas: 2 });
    expect(config.notes).toEqual([
      'The file has comments or trailing commas, which JSON does not allow: Railway refuses it.',
    ]);
    expect(config.locate(['deploy', 'numReplicas'])).toEqual({ file: '/app/railway.json', line: 5, column: 20 });
  });

  it('clears a value by null, and keys that are comments are nobody’s mistake', () => {
    const config = json('{ "// why": "because", "deploy": { "startCommand": null, "preDeployCommand": ["migrate"] } }');
    expect(config.base.deploy).toEqual({ startCommand: null, preDeployCommand: ['migrate'] });
    expect([...config.notes, ...problems(config)]).toEqual([]);
  });

  it.each([
    ['{ "deploy": { "numReplicas": 2 ', 'CONFIG_INVALID railway.json:1:32'],
    ['{\n  "deploy": [1, oops]\n}', 'CONFIG_INVALID railway.json:2:17'],
    ['[1]', 'CONFIG_INVALID railway.json:1:1 The file must hold one JSON object.'],
    ['', 'CONFIG_INVALID railway.json:1:1'],
    ['{ "deploy": [] }', 'CONFIG_INVALID railway.json:1:13 deploy must be a table, but is a list.'],
  ])('that is broken is an error with its place: %s', (content, expected) => {
    expect(problems(json(content))).toHaveLength(1);
    expect(problems(json(content))[0]).toContain(expected);
  });
});

it('any text is read or refused, never an exception', () => {
  fc.assert(
    fc.property(fc.string(), fc.json(), fc.boolean(), (text, value, isToml) => {
      const config = isToml ? toml(`[build]\n${text}`) : json(value);
      expect(config.file).toBeDefined();
    }),
    { numRuns: 500 },
  );
});
