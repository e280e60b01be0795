import type { HostPort } from '../../src/model/index.ts';
import { compilePolicy } from '../../src/platform/index.ts';
import type { CompiledPolicy, DeployValues, ServiceFacts } from '../../src/platform/index.ts';

export const web: ServiceFacts = {
  replicas: 2,
  hasVolume: false,
  hostPorts: [],
  domains: ['web.localhost'],
  hasPort: true,
  packaging: 'container',
  startCommand: undefined,
};
export const worker: ServiceFacts = { ...web, domains: [], hasPort: false };

export const dns: HostPort = { listen: { host: '127.0.0.1', port: 5353 }, port: 53, protocol: 'udp' };

/** With deploy values as if they were given with the command. */
export const compile = (platform: string, facts: ServiceFacts, deploy: Partial<DeployValues> = {}): CompiledPolicy =>
  compilePolicy({
    platform,
    facts,
    deploy: Object.fromEntries(
      Object.entries(deploy).map(([key, value]) => [key, { value, source: { kind: 'command' }, overrode: [] }]),
    ),
  });
