import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { Lines } from './command-line.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';

const variables = { API: 'http://${{api.RAILWAY_PRIVATE_DOMAIN}}:${{api.PORT}}/' };

test('a private port that somebody else took while the machine was down: the service gets another, whoever names it follows', async () => {
  const services = {
    api: politeSpec('api.port-taken.localhost', {}, { variables: { RELEASE: 'api' } }),
    web: politeSpec('web.port-taken.localhost', {}, { dependsOn: ['api'], variables }),
  };
  const project = await Project.create('process', manifestOf('port-taken', services));
  const thief = createServer((_request, response) => response.end('the thief'));
  const named = async (): Promise<string> =>
    (await project.do('exec', 'web', '--', 'node', '-p', 'process.env.API')).trim();
  try {
    await project.up();
    const before = await named();
    expect(await (await fetch(before)).text()).toContain('"release":"api"');
    const { supervisor, proxy } = await project.status();
    const events = new Lines(project.start('events', '--follow'));
    await events.find(() => true);
    process.kill(supervisor.pid, 'SIGKILL');
    await events.end();
    if (proxy === undefined) throw new Error('the proxy does not run');
    process.kill(proxy.pid, 'SIGKILL');
    await takePort(thief, Number(new URL(before).port));
    await project.up();
    const after = await named();
    expect(after).not.toBe(before);
    expect(await (await fetch(after)).text()).toContain('"release":"api"');
    expect(await project.reasons('api')).toContain('PrivatePortTaken');
    expect(await project.service('web')).toMatchObject({ ready: 1, revision: 2 });
  } finally {
    thief.close();
    await project.remove();
  }
});

/** The killed proxy's worker may hold it for a moment longer. */
const takePort = async (server: ReturnType<typeof createServer>, port: number): Promise<void> => {
  for (;;) {
    server.listen(port, '127.0.0.1');
    const error = await Promise.race([
      once(server, 'listening').then(() => undefined),
      once(server, 'error').then(([reason]: { code?: string }[]) => reason),
    ]).catch((reason: { code?: string }) => reason);
    if (error === undefined) return;
    if (error.code !== 'EADDRINUSE') throw new Error(error.code);
  }
};
