import { privateSuffix } from '../platform/index.ts';
import type { Draft } from './draft.ts';
import { hostPortsOf } from './host-ports.ts';
import type { ResolveContext } from './model.ts';

/** What is accepted but has no effect here, or will surprise: said, never silent. */
export const specNotes = (draft: Draft, context: ResolveContext): string[] => [
  ...acceptedOnly(draft),
  ...variableNotes(draft, context),
  ...engineNotes(draft, context),
  ...portNotes(draft),
];

const acceptedOnly = ({ effective, identity }: Draft): string[] => {
  const mountPath = effective.get('deploy.requiredMountPath');
  const isMounted = identity.volumes.some((volume) => volume.mountPath === mountPath);
  return [
    ...(effective.get('deploy.cronSchedule') === undefined
      ? []
      : ['deploy.cronSchedule is not run yet: the service is started once, like any other.']),
    ...(effective.get('deploy.sleepApplication') === true
      ? ['deploy.sleepApplication has no effect: services do not sleep here.']
      : []),
    ...(mountPath === undefined || isMounted
      ? []
      : [`deploy.requiredMountPath asks for a volume at ${mountPath}, but spec.volumes has none there.`]),
  ];
};

const variableNotes = ({ effective }: Draft, { capabilities }: ResolveContext): string[] =>
  Object.entries(effective.entries('variables')).flatMap(([name, { text }]) => [
    ...(/(^|[^$])\$\{[A-Za-z][\w-]*\.\w+\}/.test(text)
      ? [
          `variables.${name} has \${service.NAME}, which is passed on as it stands: a reference has two braces, \${{service.NAME}}.`,
        ]
      : []),
    ...(capabilities.privateNames === 'loopback' && text.includes(privateSuffix)
      ? [
          `variables.${name} has a name that ends in ${privateSuffix}, which the ${capabilities.engine} engine does not answer: refer to \${{service.RAILWAY_PRIVATE_DOMAIN}} and \${{service.PORT}}.`,
        ]
      : []),
    ...(capabilities.ports === 'assigned' && /\$\{\{\s*PORT\s*\}\}/.test(text)
      ? [`variables.${name} refers to its own PORT, but every replica gets one of its own here: read PORT at run time.`]
      : []),
  ]);

const engineNotes = ({ effective, identity }: Draft, { capabilities }: ResolveContext): string[] => [
  ...(['memory', 'cpus', 'pids'] as const).flatMap((limit) =>
    effective.get(`limits.${limit}`) === undefined || capabilities.limits[limit]
      ? []
      : [`limits.${limit} has no effect: the ${capabilities.engine} engine can't limit it.`],
  ),
  ...(identity.volumes.length === 0 || capabilities.volumes
    ? []
    : [`volumes are not mounted: the ${capabilities.engine} engine has none.`]),
  ...(capabilities.ports === 'fixed'
    ? []
    : hostPortsOf(effective)
        .filter(({ listen, port }) => port !== listen.port)
        .map(
          ({ listen, port }) =>
            `hostPorts: the ${capabilities.engine} engine leads no port to another, so the app itself has to listen on ${listen.port}, not on ${port}.`,
        )),
];

const portNotes = ({ effective, port }: Draft): string[] => {
  const variable = effective.get('variables.PORT');
  return variable === undefined || variable === String(port)
    ? []
    : [`port is ${port}, but variables.PORT says ${variable}: traffic goes to ${port}.`];
};
