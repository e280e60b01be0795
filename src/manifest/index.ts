export { explainService, shownVariable } from './explain.ts';
export { manifestJsonSchema } from './json-schema.ts';
export { deploysByItself } from './layers.ts';
export { loadProject } from './load.ts';
export { diskBudgetOf } from './retention.ts';
export type { LoadedProject, ResolveContext, ResolvedServices } from './model.ts';
export { projectTls } from './project-tls.ts';
export { rehearsalScenarios } from './rehearsal-scenario.ts';
export { resolveServices, unknownEnvironment } from './resolve.ts';
