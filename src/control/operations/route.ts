import { noteRouted } from '../measures.ts';
import type { Perform } from './parts.ts';

export const route: Perform<'route'> = async ({ service, members, split, cause }, parts) => {
  await parts.routes.serve(service, { members, ...(split !== undefined && { split }) });
  noteRouted(parts, service, members.length > 0);
  parts.onEvent({
    service,
    severity: 'info',
    reason: 'RoutesSwitched',
    message: `generation ${parts.routes.generation}: ${cause}; serving: ${members.join(', ') || 'nobody'}`,
  });
};
