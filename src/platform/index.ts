export { compilePolicy } from './policy.ts';
export type { CompiledPolicy, DeployChoices, DeployValues, ServiceFacts } from './policy-input.ts';
export type { Known, RuleName } from './profile.ts';
export type { NamedService } from './provided.ts';
export { privateSuffix, providedVariables } from './provided.ts';
export { clientLimitsOf, defaultPlatform, platformNames, profileOf } from './registry.ts';
