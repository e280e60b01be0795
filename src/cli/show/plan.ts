import type { PlanReport } from '../../protocol/index.ts';

export const planText = ({ services, text }: PlanReport): string => {
  const apart = services.flatMap((service) => service.apart);
  const isNothing = services.every((service) => service.change === 'none');
  const nothing =
    apart.length === 0 ? 'what runs is what the manifests say' : 'the manifests are as they were deployed';
  return [isNothing ? `nothing to do: ${nothing}` : text.trim(), ...apart].join('\n');
};
