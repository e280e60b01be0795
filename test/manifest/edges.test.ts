import { expect, it } from 'vitest';
import { clientLimits, explainService, projectTls, resolveServices } from '../../src/manifest/index.ts';
import { contextWith, lines, load, project, projectFolder, resolve, service } from './project-folder.ts';

it('a service has addresses for connections as they are, on this machine unless it says more', async () => {
  const { spec } = await resolve({
    'a.yaml': service('db', 'image: x\nport: 5432\ntcp: [{ listen: 5433 }, { listen: "0.0.0.0:6432", port: 6432 }]'),
    'b.yaml': service('web', 'image: x'),
  });
  expect(spec('db').tcp).toEqual([
    { listen: { host: '127.0.0.1', port: 5433 } },
    { listen: { host: '0.0.0.0', port: 6432 }, port: 6432 },
  ]);
  expect(spec('web').tcp).toBeUndefined();
});

it('says what an address must be, and who has it already', async () => {
  const wrong = projectFolder({ 'a.yaml': service('db', 'image: x\ntcp: [{ listen: somewhere }]') });
  expect(lines((await load(wrong)).problems, wrong)).toEqual([
    expect.stringContaining('must be a port, or an address and a port such as 127.0.0.1:5433'),
  ]);
  const both = ['db', 'copy'].map((name) => service(name, 'image: x\ntcp: [{ listen: 5433 }]')).join('---\n');
  const folder = projectFolder({ 'a.yaml': both });
  const { problems } = resolveServices(await load(folder), contextWith({}));
  expect(lines(problems, folder)).toEqual([
    'MANIFEST_DUPLICATE a.yaml:13:8 The tcp address "127.0.0.1:5433" belongs to db already. Give copy another one.',
  ]);
});

it('certificates are found from the manifest, and one that is of no use is said at its place', async () => {
  const folder = projectFolder({
    'a.yaml': project('tls:\n  redirect: true\n  certificates:\n    - { cert: tls/a.pem, key: tls/a.key }'),
    'b.yaml': service('web', 'image: x'),
    'tls/a.pem': 'no certificate',
    'tls/a.key': 'no key',
  });
  const loaded = await load(folder);
  expect(projectTls(loaded)).toEqual({
    redirect: true,
    certificates: [{ cert: `${folder}/tls/a.pem`, key: `${folder}/tls/a.key` }],
  });
  expect(lines(loaded.problems, folder)).toEqual([
    expect.stringContaining(
      "CERTIFICATE_INVALID a.yaml:8:9 the certificate tls/a.pem can't be used: it is no certificate in PEM form",
    ),
  ]);
});

it('a service says what one request may take; a platform that has its own rules for that keeps to them', async () => {
  const { spec, notes } = await resolve({
    'a.yaml': service('web', 'image: x\ndeploy: { requestLimits: { bodyBytes: 1000, responseSeconds: 2.5 } }'),
    'b.yaml': service('other', 'image: x\nplatform: railway\ndeploy: { requestLimits: { bodyBytes: 1000 } }'),
  });
  expect(spec('web').policy.edge.limits).toEqual({ bodyBytes: 1000, responseSeconds: 2.5 });
  expect(explainService(spec('web'))['deploy.requestLimits']).toMatchObject({
    value: { bodyBytes: 1000, responseSeconds: 2.5 },
    source: { kind: 'manifest' },
    overrode: [{ value: {}, source: { kind: 'platform', platform: 'pointsman' } }],
  });
  expect(spec('other').policy.edge.limits).toMatchObject({ uploadSeconds: 300, totalSeconds: 900 });
  expect(notes['other']).toContainEqual(expect.stringContaining('deploy.requestLimits'));
});

it('the project says what clients may take; what it leaves open its platform decides', async () => {
  const folder = projectFolder({
    'a.yaml': project('platform: railway\nclientLimits: { connectionsPerAddress: 20, headSeconds: 5 }'),
    'b.yaml': service('web', 'image: x'),
  });
  const loaded = await load(folder);
  const asked = { environment: 'production', platform: undefined };
  expect(clientLimits(loaded, asked)).toEqual({ connectionsPerAddress: 20, headSeconds: 5, idleSeconds: 60 });
  expect(clientLimits(loaded, { ...asked, platform: 'pointsman' })).toEqual({
    connectionsPerAddress: 20,
    headSeconds: 5,
  });
});

it('limits that are none are said at their place', async () => {
  const folder = projectFolder({
    'a.yaml': project('clientLimits:\n  idleSeconds: 0\n  conections: 5'),
    'b.yaml': service('web', 'image: x\ndeploy:\n  requestLimits:\n    bodyBytes: 10Mi'),
  });
  expect(lines((await load(folder)).problems, folder)).toEqual([
    'MANIFEST_INVALID a.yaml:6:18 spec.clientLimits.idleSeconds must be a number of seconds above 0, but is 0.',
    'MANIFEST_INVALID a.yaml:7:5 spec.clientLimits.conections is not a known field. Did you mean "connections"?',
    'MANIFEST_INVALID b.yaml:8:18 spec.deploy.requestLimits.bodyBytes must be a whole number from 1, but is "10Mi".',
  ]);
});
