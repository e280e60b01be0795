import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainService, resolveServices } from '../../src/manifest/index.ts';
import type { ServiceSpec } from '../../src/model/index.ts';
import { contextWith, lines, load, processEngine, project, projectFolder, resolve, service } from './project-folder.ts';

describe('variables refer to each other', () => {
  it('across services, to shared ones, to own ones and to what the platform provides', async () => {
    const { spec, problems } = await resolve({
      'a.yaml': [
        project(
          'variables: { REGION: eu, ZONE: "${{REGION}}-1" }\nenvironments: { staging: { variables: { REGION: us } } }',
        ),
        service(
          'db',
          'image: x\nport: 5432\nvariables:\n  USER: app\n  URL: "pg://${{USER}}@${{ RAILWAY_PRIVATE_DOMAIN }}:${{PORT}}/x"',
        ),
        service(
          'web',
          'image: x\ndomains: [web.localhost]\nvariables:\n  DB: ${{db.URL}}\n  WHERE: "${{ shared.ZONE }} ${{db.RAILWAY_SERVICE_NAME}} ${{RAILWAY_PUBLIC_DOMAIN}}"\n  EMPTY: ""\n  VERSION: 1.10\n  DEBUG: true',
        ),
      ].join('---\n'),
    });
    expect(problems).toEqual([]);
    expect(own(spec('web'))).toEqual({
      DB: 'pg://app@db.railway.internal:5432/x',
      WHERE: 'eu-1 db web.localhost',
      EMPTY: '',
      VERSION: '1.10',
      DEBUG: 'true',
    });
  });

  it('an environment’s shared variables replace the project’s, and what it begins with fills the rest', async () => {
    const { spec } = await resolve(
      {
        'a.yaml': `${project('variables: { A: a, B: b, C: c }\nenvironments:\n  staging: { variables: { B: staging, C: staging } }\n  preview: { from: staging, variables: { C: preview } }')}---\n${service('web', 'image: x\nvariables: { ALL: "${{shared.A}} ${{shared.B}} ${{shared.C}}" }')}`,
      },
      { environment: 'preview' },
    );
    expect(spec('web').variables['ALL']).toBe('a staging preview');
  });

  it('on an engine without private names, others are told another port than the service itself', async () => {
    const { spec, notes } = await resolve(
      {
        'app/x.js': '',
        'a.yaml': `${service('api', 'source: app\nvariables: { PORT: 5000, SELF: "http://localhost:${{PORT}}" }\ndeploy: { startCommand: node x.js }')}---\n${service('web', 'source: app\nvariables: { API: "http://${{api.RAILWAY_PRIVATE_DOMAIN}}:${{api.PORT}}", HARD: "http://api.railway.internal:5000" }\ndeploy: { startCommand: node x.js }')}`,
      },
      { capabilities: processEngine, privateAddress: () => ({ host: '127.0.0.1', port: 41_000 }) },
    );
    expect(spec('api').port).toBe(5000);
    expect(spec('web').variables['API']).toBe('http://127.0.0.1:41000');
    expect(notes['api']).toEqual([
      'variables.SELF refers to its own PORT, but every replica gets one of its own here: read PORT at run time.',
    ]);
    expect(notes['web']?.[0]).toContain('variables.HARD has a name that ends in .railway.internal');
  });

  it.each([
    [
      'an unknown service',
      'A: "${{dbb.X}}"',
      'MANIFEST_REFERENCE a.yaml:7:8 web.A refers to dbb.X, but there is no service "dbb". Did you mean "db"?',
    ],
    [
      'an unknown variable',
      'A: "${{db.USR}}"',
      'MANIFEST_REFERENCE a.yaml:7:8 web.A refers to db.USR, but db has no variable "USR". Did you mean "USER"?',
    ],
    [
      'an unknown shared variable',
      'A: "${{shared.X}}"',
      'MANIFEST_REFERENCE a.yaml:7:8 web.A refers to shared.X, but the project shares no variable "X". Add it under spec.variables.',
    ],
    [
      'a circle',
      'A: "${{B}}"\n  B: "${{C}}"\n  C: "${{A}}"',
      'MANIFEST_REFERENCE a.yaml:7:8 These variables refer to each other: web.A → web.B → web.C → web.A. Give one of them a value of its own.',
    ],
    [
      'braces that stay open',
      'A: "${{db.USER"',
      'MANIFEST_REFERENCE a.yaml:7:8 web.A has ${{ without }}. Write ${{service.NAME}}, ${{shared.NAME}}, ${{NAME}} or ${{ secret(32) }}.',
    ],
    [
      'something that is no reference',
      'A: "${{ a b }}"',
      'MANIFEST_REFERENCE a.yaml:7:8 web.A has ${{a b}}, which is neither a reference nor a function. Write ${{service.NAME}}, ${{shared.NAME}}, ${{NAME}} or ${{ secret(32) }}.',
    ],
    [
      'a function nobody knows',
      'A: "${{ uuid() }}"',
      'MANIFEST_REFERENCE a.yaml:7:8 web.A calls uuid(), but there are only secret() and randomInt(). Write ${{service.NAME}}, ${{shared.NAME}}, ${{NAME}} or ${{ secret(32) }}.',
    ],
  ])('%s is an error at its place', async (_, variables, expected) => {
    const folder = projectFolder({
      'a.yaml': `${service('web', `image: x\nvariables:\n  ${variables}`)}---\n${service('db', 'image: x\nvariables: { USER: app }')}`,
    });
    const { problems } = resolveServices(await load(folder), contextWith({}));
    expect(lines(problems, folder)).toEqual([expected]);
  });

  it('a reference with one brace is passed on, and that is said', async () => {
    const { spec, notes } = await resolve({
      'a.yaml': service('web', 'image: x\nvariables: { A: "${db.URL}", B: "$${db.URL} ${HOME}" }'),
    });
    expect(spec('web').variables['A']).toBe('${db.URL}');
    expect(notes['web']).toEqual([
      'variables.A has ${service.NAME}, which is passed on as it stands: a reference has two braces, ${{service.NAME}}.',
    ]);
  });
});

it('any text is filled in or is a problem, never an exception', async () => {
  const loaded = await load(projectFolder({ 'a.yaml': service('web', 'image: x\nvariables: { B: b }') }));
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom('${{', '}}', '${{B}}', '${{A}}', '${{web.B}}', '${{ secret(', ')', '${{randomInt(9,1)}}', '.', "'"),
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const { specs, problems } = resolveServices(
        loaded,
        contextWith({ variables: { A: parts.join('') }, overrideServices: 'all' }),
      );
      expect(specs).toHaveLength(1);
      for (const { code } of problems) expect(code).toBe('MANIFEST_REFERENCE');
    }),
    { numRuns: 500 },
  );
});

describe('generated values', () => {
  const files = {
    'a.yaml':
      `${project('variables: { KEY: "${{ secret(40) }}" }')}---\n${service('web', 'image: x\nvariables:\n  KEY: ${{shared.KEY}}\n  PIN: "${{ secret(4, "01") }}-${{randomInt(5, 6)}}-${{ secret() }}"')}---\n${service('api', 'image: x\nvariables: { KEY: "${{shared.KEY}}" }')}`.replaceAll(
        '"01"',
        "'01'",
      ),
  };

  it('are drawn once, kept by their place, and the same for everyone who refers to them', async () => {
    const kept = new Map<string, string>();
    const storedSecrets = {
      get: (key: string) => kept.get(key),
      set: (key: string, value: string) => void kept.set(key, value),
    };
    const first = await resolve(files, { storedSecrets });
    const again = await resolve(files, { storedSecrets });
    expect(first.spec('web').variables['KEY']).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(first.spec('web').variables['PIN']).toMatch(/^[01]{4}-[56]-[A-Za-z0-9]{32}$/);
    expect(first.spec('api').variables['KEY']).toBe(first.spec('web').variables['KEY']);
    expect(own(again.spec('web'))).toEqual(own(first.spec('web')));
    expect([...kept.keys()]).toEqual([
      'production/shared.KEY',
      'production/web.PIN',
      'production/web.PIN#1',
      'production/web.PIN#2',
    ]);
  });

  it('and other secrets are masked by explain', async () => {
    const { spec } = await resolve({
      'a.yaml': `${project('variables: { SIGNING: "${{ secret(8) }}" }')}---\n${service(
        'web',
        'image: x\nvariables:\n  API_TOKEN: abc\n  SALT: "${{ secret(8) }}"\n  COPY: ${{ db.DB_PASSWORD }}\n  SIGN: ${{ shared.SIGNING }}\n  URL: "pg://u:${{db.DB_PASSWORD}}@h/x"\n  PLAIN: hello',
      )}---\n${service('db', 'image: x\nvariables: { DB_PASSWORD: hunter2 }')}`,
    });
    const explained = explainService(spec('web'));
    const shown = (name: string) => explained[`variables.${name}`]?.value;
    expect(['API_TOKEN', 'SALT', 'COPY', 'SIGN', 'URL', 'PLAIN'].map(shown)).toEqual([
      '••••••',
      '••••••',
      '••••••',
      '••••••',
      'pg://u:••••••@h/x',
      'hello',
    ]);
    expect(JSON.stringify(explained)).not.toContain('hunter2');
  });
});

it('a service is told about itself as the platform would, and what the user set wins', async () => {
  const { spec } = await resolve({
    'a.yaml': service(
      'web',
      'image: x\ndomains: [web.localhost]\nvolumes: [{ name: files, mountPath: /files }]\nvariables: { RAILWAY_ENVIRONMENT: mine, URL: "${{POINTSMAN_PUBLIC_URL}}/x" }',
    ),
  });
  expect(spec('web').variables).toEqual({
    RAILWAY_ENVIRONMENT: 'mine',
    RAILWAY_ENVIRONMENT_NAME: 'production',
    RAILWAY_ENVIRONMENT_ID: 'production',
    RAILWAY_PROJECT_NAME: spec('web').project,
    RAILWAY_PROJECT_ID: spec('web').project,
    RAILWAY_SERVICE_NAME: 'web',
    RAILWAY_SERVICE_ID: 'web',
    RAILWAY_PUBLIC_DOMAIN: 'web.localhost',
    RAILWAY_PRIVATE_DOMAIN: 'web.railway.internal',
    RAILWAY_VOLUME_NAME: 'files',
    RAILWAY_VOLUME_MOUNT_PATH: '/files',
    URL: 'http://web.localhost:8080/x',
  });
});

/** Without what is provided. */
const own = ({ variables }: ServiceSpec): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('RAILWAY_')));
