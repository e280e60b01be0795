import { describe, expect, it } from 'vitest';
import { explainService } from '../../src/manifest/index.ts';
import {
  docker,
  lines,
  processEngine,
  project,
  projectFolder,
  load,
  contextWith,
  resolve,
  service,
} from './project-folder.ts';
import { resolveServices } from '../../src/manifest/index.ts';

const app = { 'app/Dockerfile': 'ARG NODE_IMAGE=node\nFROM ${NODE_IMAGE}\nARG RELEASE\nARG A B=2\n' };

describe('what counts when several places say something', () => {
  const files = {
    ...app,
    'app/railway.toml': `[build]
watchPatterns = ["/web/**"]
[deploy]
startCommand = "from-config"
preDeployCommand = ["migrate"]
healthcheckTimeout = 100
overlapSeconds = 7
numReplicas = 2
[environments.staging.deploy]
numReplicas = 3
healthcheckTimeout = 50
`,
    'pointsman.yaml': `${project('platform: railway\nenvironments:\n  staging: { from: production, platform: pointsman }\n  preview: { from: staging }')}---
${service(
  'web',
  `source: app
config: railway.toml
domains: [Web.localhost]
deploy: { overlapSeconds: 1, preDeployCommand: null }
environments:
  staging: { deploy: { overlapSeconds: 2 }, domains: [staging.localhost] }`,
)}`,
  };

  it('the manifest beats the config file, and the config file beats the platform', async () => {
    const { spec, problems } = await resolve(files);
    expect(problems).toEqual([]);
    const web = spec('web');
    expect(web.startCommand).toBe('from-config');
    expect(web.preDeployCommand).toBeUndefined();
    expect(web.replicas).toBe(2);
    expect(web.domains).toEqual(['web.localhost']);
    expect(web.policy.overlapSeconds).toBe(1);
    expect(web.policy.gate.deadlineSeconds).toBe(100);
    expect(web.platform).toBe('railway');
  });

  it('an environment beats what it overrides, in the manifest and in the config file', async () => {
    const { spec } = await resolve(files, { environment: 'staging' });
    expect(spec('web')).toMatchObject({ replicas: 3, domains: ['staging.localhost'], platform: 'pointsman' });
    expect(spec('web').policy).toMatchObject({ overlapSeconds: 2, gate: { deadlineSeconds: 50 } });
    const preview = await resolve(files, { environment: 'preview' });
    expect(preview.spec('web')).toMatchObject({ replicas: 3, platform: 'pointsman' });
  });

  it('what is given with the command beats everything, for the services it is meant for', async () => {
    const two = { ...files, 'b.yaml': service('api', 'image: x\nvariables: { RELEASE: "1" }') };
    const { spec } = await resolve(two, {
      platform: 'railway-stop-start',
      variables: { RELEASE: '2' },
      overrideServices: ['web'],
    });
    expect(spec('web').platform).toBe('railway-stop-start');
    expect(spec('web').variables).toMatchObject({ RELEASE: '2' });
    expect(spec('api').variables).toMatchObject({ RELEASE: '1' });
    const all = await resolve(two, { variables: { RELEASE: '2' }, overrideServices: 'all' });
    expect(all.spec('api').variables).toMatchObject({ RELEASE: '2' });
    expect(all.spec('api').origins['variables.RELEASE']).toMatchObject({
      value: '2',
      source: { kind: 'command' },
      overrode: [{ value: '1', source: { kind: 'manifest', where: { line: 6, column: 25 } } }],
    });
  });

  it('explain tells the winner and everything it overrode', async () => {
    const { spec } = await resolve(files);
    const explained = explainService(spec('web'));
    expect(explained['deploy.overlapSeconds']).toMatchObject({
      value: 1,
      source: { kind: 'manifest', where: { line: 17, column: 29 } },
      overrode: [
        { value: 7, source: { kind: 'config-file', where: { line: 7, column: 18 } } },
        { value: 0, source: { kind: 'platform', platform: 'railway' } },
      ],
    });
    expect(explained['deploy.drainingSeconds']).toMatchObject({
      value: 0,
      source: { kind: 'platform', source: expect.stringContaining('RAILWAY_DEPLOYMENT_DRAINING_SECONDS') },
    });
    expect(explained['port']).toEqual({ value: 8080, source: { kind: 'default' }, overrode: [] });
  });

  it('an environment or platform that nobody knows is an error', async () => {
    const { problems } = await resolve(files, { environment: 'stagging', platform: 'pointman' });
    expect(lines(problems, '')).toEqual([
      'MANIFEST_REFERENCE There is no environment "stagging". Did you mean "staging"?',
      'PLATFORM_UNKNOWN There is no platform "pointman". Did you mean "pointsman"?',
    ]);
  });
});

describe('what is built', () => {
  it('is the source folder with the Dockerfile in it and the arguments that it declares', async () => {
    const files = {
      ...app,
      'pointsman.yaml': `${project('buildArgs: { NODE_IMAGE: from-project, UNKNOWN: x }')}---\n${service(
        'web',
        'source: app\nvariables: { RELEASE: 7, SECRET: s }\nbuild: { target: prod, args: { EXTRA: "${{RELEASE}}-b" }, secrets: { TOKEN: "${{SECRET}}" } }',
      )}`,
    };
    const { spec } = await resolve(files, { buildArgs: { NODE_IMAGE: 'from-command' } });
    expect(spec('web').image).toMatchObject({
      kind: 'build',
      context: expect.stringMatching(/\/app$/),
      dockerfile: expect.stringMatching(/\/app\/Dockerfile$/),
      target: 'prod',
      args: { EXTRA: '7-b', NODE_IMAGE: 'from-command', RELEASE: '7' },
      secrets: { TOKEN: 's' },
      watchPatterns: [],
    });
  });

  it('a leading slash is the source folder; a path beside the config file is found and said', async () => {
    const files = {
      'repo/web/Dockerfile': 'FROM x',
      'repo/web/railway.toml': '[build]\ndockerfilePath = "Dockerfile"\n',
      'repo/api/Dockerfile.prod': 'FROM x',
      'repo/api/railway.toml': '[build]\nbuilder = "NIXPACKS"\ndockerfilePath = "/api/Dockerfile.prod"\n',
      'a.yaml': `${service('web', 'source: repo\nconfig: web/railway.toml')}---\n${service('api', 'source: repo\nconfig: /api/railway.toml')}`,
    };
    const { spec, notes, problems } = await resolve(files);
    expect(problems).toEqual([]);
    expect(spec('web').image).toMatchObject({
      context: expect.stringMatching(/repo\/web$/),
      watchRoot: expect.stringMatching(/repo$/),
    });
    expect(notes['web']).toEqual([
      'Dockerfile was found beside the config file, not in the source folder: that folder is the build context.',
    ]);
    expect(spec('api').image).toMatchObject({
      context: expect.stringMatching(/repo$/),
      dockerfile: expect.stringMatching(/repo\/api\/Dockerfile.prod$/),
    });
    expect(notes['api']).toEqual(['build.builder: NIXPACKS has no effect: there is a Dockerfile, and it wins.']);
  });

  it('a Dockerfile that does not exist is an error that says where it was looked for', async () => {
    const folder = projectFolder({
      'app/server.js': '',
      'a.yaml': `${service('web', 'source: app')}---\n${service('api', 'source: app\nbuild: { dockerfilePath: api/Dockerfile, context: api }')}`,
    });
    const { problems } = resolveServices(await load(folder), contextWith({}));
    expect(lines(problems, folder)).toEqual([
      'DOCKERFILE_NOT_FOUND a.yaml:5:11 There is no Dockerfile at app/Dockerfile. Write one, name it with build.dockerfilePath (from the source folder), or run without containers: --engine process.',
      'DOCKERFILE_NOT_FOUND a.yaml:12:28 There is no Dockerfile at app/api/Dockerfile or app/api/api/Dockerfile. Write one, name it with build.dockerfilePath (from the source folder), or run without containers: --engine process.',
    ]);
  });

  it('the process engine needs no Dockerfile but a start command, and runs no images', async () => {
    const folder = projectFolder({
      'app/server.js': '',
      'a.yaml': [
        service(
          'web',
          'source: app\ndeploy: { startCommand: node server.js }\nlimits: { memory: 64Mi }\nvolumes: [{ name: v, mountPath: /data }]',
        ),
        service('api', 'source: app'),
        service('db', 'image: postgres'),
      ].join('---\n'),
    });
    const { problems, notes } = resolveServices(await load(folder), contextWith({ capabilities: processEngine }));
    expect(lines(problems, folder)).toEqual([
      'CAPABILITY_MISSING a.yaml:14:3 api: the process engine does not read Dockerfiles and needs a start command. Set deploy.startCommand, or start Docker.',
      "CAPABILITY_MISSING a.yaml:20:10 The process engine can't run the image postgres. Start Docker, or give the service a source folder and a startCommand.",
    ]);
    expect(notes['web']).toEqual(
      expect.arrayContaining([
        "limits.memory has no effect: the process engine can't limit it.",
        'volumes are not mounted: the process engine has none.',
      ]),
    );
  });
});

describe('what can’t be done as written', () => {
  it.each([
    [
      'a volume with replicas',
      'image: x\nvolumes: [{ name: v, mountPath: /data }]\ndeploy: { numReplicas: 2 }',
      "MANIFEST_INVALID a.yaml:7:26 web: A service with a volume can't have 2 replicas: they would write to the same files. Set deploy.numReplicas to 1 or remove the volume.",
    ],
    [
      'a host port with replicas',
      'image: x\nhostPorts: [{ listen: 5353, protocol: udp }]\ndeploy: { numReplicas: 2 }',
      "MANIFEST_INVALID a.yaml:7:26 web: A service with hostPorts can't have 2 replicas: only one can hold port 5353/udp of this machine. Set deploy.numReplicas to 1, or remove hostPorts; what the proxy listens on (tcp) any number of replicas can share.",
    ],
    [
      'a host port that the proxy listens on',
      'image: x\ntcp: [{ listen: 5433 }]\nhostPorts: [{ listen: "0.0.0.0:5433", protocol: tcp }]',
      'MANIFEST_DUPLICATE a.yaml:7:14 Port 0.0.0.0:5433/tcp of this machine is held by the proxy, for web already. Give web another one.',
    ],
    [
      'a singleton with replicas',
      'image: x\ndeploy: { strategy: singleton, numReplicas: 2 }',
      "MANIFEST_INVALID a.yaml:6:47 web: A singleton can't have 2 replicas. Set deploy.numReplicas to 1 or choose another deploy.strategy.",
    ],
    [
      'a rolling deploy that can’t move',
      'image: x\ndeploy: { strategy: rolling, surge: 0, unavailable: "0%" }',
      'MANIFEST_INVALID a.yaml:6:39 web: With surge and unavailable both 0 no replica could ever be replaced. Let one of them be at least 1.',
    ],
    [
      'two ways to check',
      'image: x\ndeploy: { healthcheckPath: /a, healthcheckCommand: [b] }',
      'MANIFEST_INVALID a.yaml:6:54 web: A service is checked either by deploy.healthcheckPath or by deploy.healthcheckCommand, not by both. Remove one of them; null clears what the config file says.',
    ],
  ])('%s', async (_, spec, expected) => {
    const folder = projectFolder({ 'a.yaml': service('web', spec) });
    const { problems } = resolveServices(await load(folder), contextWith({}));
    expect(lines(problems, folder)).toEqual([expected]);
  });

  it('a host port that two services claim; one address, or one protocol, is not the other', async () => {
    const folder = projectFolder({
      'a.yaml': [
        service('web', 'image: x\nhostPorts:\n  - { listen: 53, protocol: udp }\n  - { listen: 53, protocol: tcp }'),
        service('api', 'image: x\nhostPorts: [{ listen: "127.0.0.2:53", protocol: udp }]'),
        service('all', 'image: x\nhostPorts: [{ listen: "[::]:53", port: 5353, protocol: udp }]'),
      ].join('---\n'),
    });
    const { problems } = resolveServices(await load(folder), contextWith({}));
    expect(lines(problems, folder)).toEqual([
      'MANIFEST_DUPLICATE a.yaml:22:14 Port [::]:53/udp of this machine is held by web already. Give all another one.',
    ]);
  });

  it('a domain or a volume that two services claim', async () => {
    const folder = projectFolder({
      'a.yaml': ['web', 'api']
        .map((name) => service(name, 'image: x\ndomains: [A.localhost]\nvolumes: [{ name: v, mountPath: /d }]'))
        .join('---\n'),
    });
    const { problems } = resolveServices(await load(folder), contextWith({}));
    expect(lines(problems, folder)).toEqual([
      'MANIFEST_DUPLICATE a.yaml:14:12 The domain "a.localhost" belongs to web already. Give api another one.',
      'MANIFEST_DUPLICATE a.yaml:15:12 The volume "v" belongs to web already. Give api another one.',
    ]);
  });
});

it('a host port leads to the same number unless another is named, and each environment has its own', async () => {
  const hostPorts = (port: number) => [{ listen: { host: '127.0.0.1', port }, port: 53, protocol: 'udp' }];
  const manifest = service(
    'dns',
    `image: x
hostPorts: [{ listen: 53, protocol: udp }]
environments:
  staging: { hostPorts: [{ listen: 5353, port: 53, protocol: udp }] }
  test: { hostPorts: [] }`,
  );
  const inEnvironment = async (environment: string) =>
    (
      await resolve(
        { 'a.yaml': `${project('environments: { staging: {}, test: {} }')}---\n${manifest}` },
        { environment },
      )
    ).spec('dns');
  expect(await inEnvironment('production')).toMatchObject({
    hostPorts: hostPorts(53),
    policy: { strategy: 'stop-start' },
  });
  expect(await inEnvironment('staging')).toMatchObject({ hostPorts: hostPorts(5353) });
  const without = await inEnvironment('test');
  expect([without?.hostPorts, without?.policy.strategy]).toEqual([undefined, 'rolling']);
});

it('the process engine leads no port to another: that the app itself has to listen there is said', async () => {
  const { notes } = await resolve(
    {
      ...app,
      'a.yaml': service(
        'dns',
        'source: app\ndeploy: { startCommand: node dns.js }\nhostPorts: [{ listen: 5353, port: 53, protocol: udp }]',
      ),
    },
    { capabilities: processEngine },
  );
  expect(notes['dns']).toContain(
    'hostPorts: the process engine leads no port to another, so the app itself has to listen on 5353, not on 53.',
  );
});

it('replicas of all regions run here, and limits of a config file count', async () => {
  const { spec, notes } = await resolve(
    {
      ...app,
      'app/railway.json': JSON.stringify({
        deploy: {
          multiRegionConfig: { a: { numReplicas: 2 }, b: {} },
          limitOverride: { containers: { cpu: 0.5, memoryBytes: 1000 } },
          cronSchedule: '* * * * *',
          sleepApplication: true,
          requiredMountPath: '/data',
        },
      }),
      'a.yaml': service(
        'web',
        'source: app\nconfig: railway.json\nlimits: { memory: 1.5Gi, pids: 9 }\nverify: { after: [{ http: { path: / } }] }',
      ),
    },
    { capabilities: docker },
  );
  expect(spec('web')).toMatchObject({ replicas: 3, limits: { cpus: 0.5, memoryBytes: 1_610_612_736, pids: 9 } });
  expect(notes['web']).toEqual([
    'deploy.cronSchedule is not run yet: the service is started once, like any other.',
    'deploy.sleepApplication has no effect: services do not sleep here.',
    'deploy.requiredMountPath asks for a volume at /data, but spec.volumes has none there.',
  ]);
});
