import type { Address, HostPort } from '../model/index.ts';
import { hostPortWords, isSamePort, PointsmanError } from '../model/index.ts';
import type { Draft } from './draft.ts';
import type { Effective } from './effective.ts';
import { listenAddress } from './listen-address.ts';

export const hostPortsOf = (effective: Effective): readonly HostPort[] =>
  (effective.get('hostPorts') ?? []).map(({ listen, port, protocol }) => {
    const address = listenAddress(listen);
    return { listen: address, port: port ?? address.port, protocol };
  });

/** A port of the machine belongs to one service, and what the proxy listens on to nobody else. */
export const hostPortsHeldTwice = (drafts: readonly Draft[]): PointsmanError[] => {
  const held: { readonly by: string; readonly listen: Address; readonly protocol: HostPort['protocol'] }[] =
    drafts.flatMap(({ service, effective }) =>
      (effective.get('tcp') ?? []).map(({ listen }) => ({
        by: `the proxy, for ${service.name}`,
        listen: listenAddress(listen),
        protocol: 'tcp',
      })),
    );
  return drafts.flatMap(({ service, effective }) =>
    hostPortsOf(effective).flatMap(({ listen, protocol }) => {
      const other = held.find((each) => each.protocol === protocol && isSamePort(each.listen, listen));
      held.push({ by: service.name, listen, protocol });
      if (other === undefined) return [];
      const message = `Port ${hostPortWords({ listen, protocol })} of this machine is held by ${other.by} already.`;
      const where = effective.where('hostPorts') ?? service.document.locate(['spec', 'hostPorts']);
      return [new PointsmanError('MANIFEST_DUPLICATE', { message, fix: `Give ${service.name} another one.`, where })];
    }),
  );
};
