import type { ServiceSpec } from '../model/index.ts';

/** What private host names end in, where they are answered. */
export const privateSuffix = '.railway.internal';

export type NamedService = Pick<ServiceSpec, 'project' | 'environment' | 'name' | 'domains' | 'volumes'>;

/** What every replica of a service is told about itself without asking for it. Names stand for the platform's ids. */
export const providedVariables = (service: NamedService, privateHost: string): Readonly<Record<string, string>> => {
  const [domain] = service.domains;
  const [volume] = service.volumes;
  return {
    RAILWAY_PROJECT_NAME: service.project,
    RAILWAY_PROJECT_ID: service.project,
    RAILWAY_ENVIRONMENT_NAME: service.environment,
    RAILWAY_ENVIRONMENT_ID: service.environment,
    RAILWAY_ENVIRONMENT: service.environment,
    RAILWAY_SERVICE_NAME: service.name,
    RAILWAY_SERVICE_ID: service.name,
    RAILWAY_PRIVATE_DOMAIN: privateHost,
    ...(domain !== undefined && { RAILWAY_PUBLIC_DOMAIN: domain }),
    ...(volume !== undefined && {
      RAILWAY_VOLUME_NAME: volume.name,
      RAILWAY_VOLUME_MOUNT_PATH: volume.mountPath,
    }),
  };
};
