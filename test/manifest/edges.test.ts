import { expect, it } from 'vitest';
import { projectTls, resolveServices } from '../../src/manifest/index.ts';
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
