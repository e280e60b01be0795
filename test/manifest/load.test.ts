import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lines, load, project, projectFolder, service } from './project-folder.ts';

const image = 'image: local/busybox:1';

describe('a folder of manifests', () => {
  it('is read file by file and document by document', async () => {
    const folder = projectFolder({
      'a.yaml': `${project('platform: railway')}---\n${service('web', image)}`,
      'b.yml': service('worker', image),
      '.hidden.yaml': 'nonsense: [',
      'notes.txt': 'nonsense: [',
      'deeper/c.yaml': 'nonsense: [',
    });
    const loaded = await load(folder);
    expect(lines(loaded.problems, folder)).toEqual([]);
    expect(loaded.project.metadata.name).toBe('shop');
    expect(loaded.services.map(({ name }) => name)).toEqual(['web', 'worker']);
    expect(loaded.files).toEqual([`${folder}/a.yaml`, `${folder}/b.yml`]);
    expect(loaded.root).toBe(folder);
  });

  it('may be a single file, whose folder is the root', async () => {
    const folder = projectFolder({ 'a.yaml': service('web', image), 'b.yaml': 'nonsense: [' });
    const loaded = await load(`${folder}/a.yaml`);
    expect(loaded.problems).toEqual([]);
    expect(loaded.root).toBe(folder);
  });

  it('is named after its folder when no document says Project', async () => {
    const folder = projectFolder({ 'My Shop/a.yaml': service('web', image) });
    expect((await load(`${folder}/My Shop`)).project.metadata.name).toBe('my-shop');
  });

  it('that does not exist, or holds no manifest, is an error that says so', async () => {
    const folder = projectFolder({ 'readme.md': '' });
    await expect(load(`${folder}/nowhere`)).rejects.toMatchObject({
      code: 'MANIFEST_NOT_FOUND',
      message: `There is no manifest at ${folder}/nowhere.`,
    });
    await expect(load(folder)).rejects.toMatchObject({
      code: 'MANIFEST_NOT_FOUND',
      message: `The folder ${folder} holds no *.yaml file.`,
    });
    const above = projectFolder({ 'shop/a.yaml': service('web', image), 'docs/b.md': '' });
    await expect(load(above)).rejects.toMatchObject({ fix: expect.stringContaining(`that hold some: ${above}/shop.`) });
  });
});

const mistakes: Readonly<Record<string, readonly [Readonly<Record<string, string>>, readonly string[]]>> = {
  'an empty file': [
    { 'a.yaml': '' },
    ['MANIFEST_SYNTAX a.yaml:1:1 The file is empty. Write a document with apiVersion, kind, metadata and spec.'],
  ],
  'a file of comments only': [
    { 'a.yaml': '# soon\n' },
    ['MANIFEST_SYNTAX a.yaml:1:1 The file is empty. Write a document with apiVersion, kind, metadata and spec.'],
  ],
  'a file cut off inside a list': [
    { 'a.yaml': 'apiVersion: pointsman/v1\nkind: Service\nspec:\n  domains: [a.localhost' },
    [
      'MANIFEST_SYNTAX a.yaml:4:24 This is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]. Correct the syntax at this place.',
    ],
  ],
  'a misspelt kind': [
    { 'a.yaml': 'apiVersion: pointsman/v1\nkind: Servise\n' },
    ['MANIFEST_INVALID a.yaml:2:7 There is no kind "Servise". Did you mean "Service"?'],
  ],
  'no kind': [
    { 'a.yaml': 'services: {}\n' },
    [
      'MANIFEST_INVALID a.yaml:1:1 kind is missing or is not text. Write kind: Project, Service, Rehearsal or what it is.',
    ],
  ],
  'another version of the language': [
    { 'a.yaml': service('web', image).replace('pointsman/v1', 'pointsman/v2') },
    ['MANIFEST_INVALID a.yaml:1:13 apiVersion must be pointsman/v1, but is "pointsman/v2". Did you mean pointsman/v1?'],
  ],
  'every mistake of a document at once': [
    {
      'a.yaml': service(
        'Web_1',
        `${image}\nport: "80a"\ndomans: [x.localhost]\ndeploy:\n  healthcheckpath: /health\n  numReplicas: two\n  restartPolicyType: ON_FAILUR\nvariables:\n  GOOD: 1\n  no-good: x\n  ALSO: [1]`,
      ),
    },
    [
      'MANIFEST_INVALID a.yaml:3:19 metadata.name must be a name of at most 32 lower-case letters, digits and hyphens, such as mcp-cloud, but is "Web_1".',
      'MANIFEST_INVALID a.yaml:6:9 spec.port must be a whole number from 1 to 65535, but is "80a".',
      'MANIFEST_INVALID a.yaml:7:3 spec.domans is not a known field. Did you mean "domains"?',
      'MANIFEST_INVALID a.yaml:9:5 spec.deploy.healthcheckpath is not a known field. Did you mean "healthcheckPath"?',
      'MANIFEST_INVALID a.yaml:10:18 spec.deploy.numReplicas must be a whole number from 0 to 200, but is "two".',
      'MANIFEST_INVALID a.yaml:11:24 spec.deploy.restartPolicyType must be one of ON_FAILURE, ALWAYS, NEVER, but is "ON_FAILUR". Did you mean ON_FAILURE?',
      'MANIFEST_INVALID a.yaml:14:5 spec.variables.no-good: "no-good" must be a variable name of letters, digits and underscores.',
      'MANIFEST_INVALID a.yaml:15:11 spec.variables.ALSO must be text, a number, true or false, but is a list.',
    ],
  ],
  'a number in quotes': [
    { 'a.yaml': service('web', `${image}\ndeploy: { overlapSeconds: "5" }`) },
    [
      'MANIFEST_INVALID a.yaml:6:29 spec.deploy.overlapSeconds must be a number of seconds, but is "5". Write 5 without quotes.',
    ],
  ],
  'something that is missing': [
    { 'a.yaml': 'apiVersion: pointsman/v1\nkind: Service\nmetadata: {}\nspec: { image: x }\n' },
    [
      'MANIFEST_INVALID a.yaml:3:11 metadata.name is missing: it must be a name of at most 32 lower-case letters, digits and hyphens, such as mcp-cloud.',
    ],
  ],
  'neither source nor image': [
    { 'a.yaml': service('web', 'port: 80') },
    ['MANIFEST_INVALID a.yaml:4:1 spec needs either source (a folder to build) or image (a ready image).'],
  ],
  'a workload of two kinds and a rate without a unit': [
    {
      'a.yaml': service('web', `${image}\ndomains: [a.localhost]`),
      'b.yaml':
        'apiVersion: pointsman/v1\nkind: Rehearsal\nmetadata: { name: r }\nspec:\n  workloads:\n    - http: { host: a.localhost, path: /, rate: 200 }\n    - { http: { host: a.localhost, path: /, rate: 1/s }, sse: { host: a.localhost, path: /, connections: 1 } }\n',
    },
    [
      'MANIFEST_INVALID b.yaml:6:49 spec.workloads[0].http.rate must be a rate such as 200/s or 30/m, but is 200.',
      'MANIFEST_INVALID b.yaml:7:7 spec.workloads[1] needs exactly one of http, sse and jobs.',
    ],
  ],
  'names used twice': [
    { 'a.yaml': service('web', image), 'b.yaml': `${project('{}')}---\n${service('web', image)}---\n${project('{}')}` },
    [
      'MANIFEST_DUPLICATE b.yaml:9:19 The service "web" is already declared at a.yaml:3. Rename or remove one of them.',
      'MANIFEST_DUPLICATE b.yaml:15:19 A project is already declared at b.yaml:3. Rename or remove one of them.',
    ],
  ],
  'names that nobody has': [
    {
      'a.yaml': project('platform: railwai\nenvironments: { staging: { from: productoin } }'),
      'b.yaml': service('mcp-cloud', `${image}\ndomains: [mcp.localhost]`),
      'c.yaml': service(
        'web',
        `${image}\ndependsOn: [mcp_cloud, mcp-clout]\nenvironments: { stagin: { port: 1 } }`,
      ).replace('mcp_cloud, ', ''),
      'd.yaml':
        'apiVersion: pointsman/v1\nkind: Rehearsal\nmetadata: { name: r }\nspec:\n  deploy: { services: [frontend] }\n  compare: [pointsmann]\n  workloads: [{ http: { host: mpc.localhost, path: /, rate: 1/s } }]\n',
    },
    [
      'PLATFORM_UNKNOWN a.yaml:5:3 There is no platform "railwai". Did you mean "railway"?',
      'MANIFEST_REFERENCE a.yaml:6:30 There is no environment "productoin". Did you mean "production"?',
      'MANIFEST_REFERENCE c.yaml:6:15 There is no service "mcp-clout". Did you mean "mcp-cloud"?',
      'MANIFEST_REFERENCE c.yaml:7:19 There is no environment "stagin". Did you mean "staging"?',
      'MANIFEST_REFERENCE d.yaml:5:24 There is no service "frontend". Known: mcp-cloud, web.',
      'PLATFORM_UNKNOWN d.yaml:6:13 There is no platform "pointsmann". Did you mean "pointsman"?',
      'MANIFEST_REFERENCE d.yaml:7:31 No service has the domain "mpc.localhost". Did you mean "mcp.localhost"?',
    ],
  ],
  'services that wait for each other': [
    {
      'a.yaml': [
        service('web', `${image}\ndependsOn: [api]`),
        service('api', `${image}\ndependsOn: [db]`),
        service('db', `${image}\ndependsOn: [api]`),
      ].join('---\n'),
    },
    [
      'DEPENDENCY_CYCLE a.yaml:13:3 These services wait for each other: api → db → api. Remove one dependsOn of the circle.',
    ],
  ],
  'an environment that begins with itself': [
    {
      'a.yaml': project('environments:\n  blue: { from: green }\n  green: { from: blue }'),
      'b.yaml': service('web', image),
    },
    [
      'DEPENDENCY_CYCLE a.yaml:6:19 The environment begins with itself: blue → green → blue. Remove one from of the circle.',
      'DEPENDENCY_CYCLE a.yaml:7:20 The environment begins with itself: green → blue → green. Remove one from of the circle.',
    ],
  ],
  'a project without services': [
    { 'a.yaml': project('{}') },
    [
      'MANIFEST_INVALID a.yaml:2:7 The project has no service. Add a document of kind Service; to remove everything that runs: pointsman down.',
    ],
  ],
  'a reserved name': [
    { 'a.yaml': service('shared', image) },
    [
      'MANIFEST_INVALID a.yaml:3:19 A service can\'t be called "shared": ${{shared.NAME}} means the project\'s variables. Give it another name.',
    ],
  ],
  'a source or config file that is not there': [
    {
      'a.yaml': `${service('web', 'source: ./wbe')}---\n${service('api', 'source: ./api\nconfig: railway.toml')}---\n${service('odd', 'source: ./api\nconfig: Procfile')}`,
      'api/app.js': '',
      'api/Procfile': '',
    },
    [
      "SOURCE_NOT_FOUND a.yaml:5:11 The source folder wbe does not exist. spec.source is a folder, from the manifest's own folder.",
      "CONFIG_NOT_FOUND a.yaml:12:11 The config file api/railway.toml can't be read. spec.config is a file, from the source folder.",
      'CONFIG_INVALID a.yaml:19:11 spec.config must be a .toml or .json file, but is Procfile. Other kinds of config files are not read yet.',
    ],
  ],
};

describe('a mistake is named with its place, what was expected and what was probably meant', () => {
  it.each(Object.entries(mistakes))('%s', async (_, [files, expected]) => {
    const folder = projectFolder(files);
    expect(lines((await load(folder)).problems, folder)).toEqual(expected);
  });

  it('and does not hide the services that are well', async () => {
    const folder = projectFolder({
      'a.yaml': `${service('web', `${image}\nport: x`)}---\n${service('api', `${image}\ndependsOn: [web]`)}`,
    });
    const loaded = await load(folder);
    expect(loaded.services.map(({ name }) => name)).toEqual(['api']);
    expect(loaded.problems).toHaveLength(1);
  });
});

const rehearsal =
  'apiVersion: pointsman/v1\nkind: Rehearsal\nmetadata: { name: r }\nspec:\n  deploy: { services: [web] }\n  workloads: [{ http: { host: web.localhost, path: /, rate: 1/s } }]\n';

it.each([
  ['a mistake in a service', (text: string) => text.replace('port: 80', 'port: lots'), 'spec.port must be'],
  ['a misspelt kind', (text: string) => text.replace('kind: Service', 'kind: Servise'), 'There is no kind'],
  ['a text that is no YAML', (text: string) => text.replace('port: 80', 'port: ['), 'This is not valid YAML'],
])('%s is told once, not as missing domains and names too', async (_, damaged, said) => {
  const web = service('web', `${image}\ndomains: [web.localhost]\nport: 80`);
  const folder = projectFolder({
    'a.yaml': project('{}'),
    'b.yaml': damaged(web),
    'c.yaml': `${service('api', `${image}\ndependsOn: [web]`)}---\n${rehearsal}`,
  });
  const problems = lines((await load(folder)).problems, folder);
  expect(problems).toEqual([expect.stringContaining(said)]);
});

describe('whatever is in the files', () => {
  const whole = {
    'a.yaml': `${project('variables: { A: "${{ secret(8) }}" }')}---\n${service('web', 'source: .\nconfig: railway.toml\ndomains: [a.localhost]\nvariables: { B: "${{shared.A}}" }')}`,
    'railway.toml':
      '[build]\nbuilder = "DOCKERFILE"\nwatchPatterns = [\n  "/a/**", # all\n]\n[deploy]\nstartCommand = """\nnode x\n"""\n[environments.staging.deploy]\nnumReplicas = 2\n',
  };

  it('a manifest that is still being written never reads as a project whose services are gone', async () => {
    const text = whole['a.yaml'];
    for (let length = 0; length <= text.length; length += 3) {
      const { problems, services } = await loadIn({ ...whole, 'a.yaml': text.slice(0, length) });
      expect(problems.length + services.length).toBeGreaterThan(0);
    }
  });

  it('loading ends with problems, never with an exception', async () => {
    const damage = fc.record({
      file: fc.constantFrom('a.yaml' as const, 'railway.toml' as const),
      at: fc.nat(400),
      cut: fc.nat(40),
      insert: fc.oneof(
        fc.string(),
        fc.constantFrom('\t', '{', '[', '&a', '*a', '---\n', '"""', '\0', '${{', '__proto__: 1'),
      ),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ file, at, cut, insert }) => {
        const text = whole[file];
        const place = at % text.length;
        const files = { ...whole, [file]: text.slice(0, place) + insert + text.slice(place + cut) };
        const loaded = await loadIn(files);
        for (const problem of loaded.problems) {
          expect(problem.where?.line).toBeGreaterThan(0);
          expect(problem.message).not.toContain('undefined');
        }
      }),
      { numRuns: 300 },
    );
  });
});

const loadIn = (files: Readonly<Record<string, string>>) => load(projectFolder(files));
