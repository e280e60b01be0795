import { describe, expect, it } from 'vitest';
import { lines, load, projectFolder, resolve, service } from './project-folder.ts';

const image = 'image: local/busybox:1';
const verified = (checks: string, more = 'domains: [web.localhost]') =>
  service('web', `${image}\n${more}\nverify:\n${checks}`);

describe('verify', () => {
  it('fills in what is left out: the name, the way, the time', async () => {
    const { spec, problems } = await resolve({
      'a.yaml': `${verified(`  before:
    - exec: { command: [count, --stuck] }
      within: 2m
  during: [{ http: { path: /health }, every: 1s }]
  after:
    - http: { path: /mcp/tools, contains: plan_create, json: { "tools.length": 3 } }
    - { service: db, tcp: {} }
    - { name: heartbeat, sse: { path: /sse }, through: replicas }
    - log: { contains: ready }`)}\n---\n${service('db', image)}`,
    });
    expect(problems).toEqual([]);
    const common = { withinSeconds: 10, everySeconds: 5 };
    const { before, during, after } = spec('web').verify ?? { before: [], during: [], after: [] };
    expect(before).toMatchObject([{ ...common, name: 'count --stuck', through: 'replicas', withinSeconds: 120 }]);
    expect(during).toMatchObject([{ name: 'GET /health', through: 'proxy', everySeconds: 1 }]);
    expect(after).toMatchObject([
      { ...common, through: 'proxy', question: { kind: 'http', method: 'GET', status: 200 } },
      { name: 'open port of db', service: 'db', through: 'replicas', question: { kind: 'tcp' } },
      { name: 'heartbeat', through: 'replicas', question: { kind: 'sse', path: '/sse' } },
      { name: 'log line "ready"', through: 'replicas' },
    ]);
  });

  it('may differ in an environment', async () => {
    const files = {
      'a.yaml': verified('  after: [{ tcp: {} }]\nenvironments: { rehearsal: { verify: { after: [] } } }'),
    };
    expect((await resolve(files)).spec('web').verify?.after).toHaveLength(1);
    expect((await resolve(files, { environment: 'rehearsal' })).spec('web').verify?.after).toEqual([]);
  });

  it('says that nothing is asked during a deploy that stops the old version first', async () => {
    const { notes } = await resolve({
      'a.yaml': verified('  during: [{ tcp: {} }]', 'platform: railway-stop-start'),
    });
    expect(notes['web']?.join()).toContain('verify.during is not asked');
  });

  it.each([
    ['  before: [{ log: { contains: x } }]', /waits for a new replica's line/],
    ['  after: [{ through: proxy, http: { path: / } }]', /web has no domain/],
    ['  after: [{ tcp: {} }, { tcp: {} }]', /"open port" of verify.after is there twice/],
  ])('refuses what makes no sense: %s', async (checks, message) => {
    const { problems } = await resolve({ 'a.yaml': verified(checks, 'keepRevisions: 3') });
    expect(problems.map((problem) => problem.message).join()).toMatch(message);
    expect(problems[0]?.where).toMatchObject({ line: expect.any(Number) });
  });

  it.each([
    ['  after: [{ name: nothing }]', 'needs exactly one of http, sse, tcp, exec, log'],
    ['  after: [{ tcp: {}, http: { path: / } }]', 'needs exactly one of http, sse, tcp, exec, log'],
    ['  after: [{ through: proxy, exec: { command: [x] } }]', 'only a replica can be asked'],
    ['  after: [{ http: { path: healthcheck } }]', 'must be an absolute path'],
    ['  after: [{ service: dbx, tcp: {} }]', 'There is no service "dbx"'],
  ])('refuses what is written wrongly: %s', async (checks, message) => {
    const folder = projectFolder({ 'a.yaml': verified(checks) });
    expect(lines((await load(folder)).problems, folder).join()).toContain(message);
  });
});
