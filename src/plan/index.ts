export { resolveBatch } from './batch.ts';
export type { Expectation, PlannedService } from './describe.ts';
export { describeMatches, describeOperation, describePlan, describePolicy } from './describe.ts';
export { forecast } from './forecast.ts';
export { dependencyState, deployOrder } from './order.ts';
export { planService } from './plan-service.ts';
export type {
  CheckState,
  Crash,
  DependencyState,
  ServicePlan,
  Situation,
  SlotHistory,
  StepState,
} from './situation.ts';
export { analysedSince } from './analysis.ts';
