import type { PlanReport } from '../../protocol/index.ts';

export const planText = (report: PlanReport): string =>
  report.services.every((service) => service.change === 'none')
    ? 'nothing to do: what runs is what the manifests say'
    : report.text.trim();
