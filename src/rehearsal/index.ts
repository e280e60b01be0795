export { runRehearsal } from './rehearse.ts';
export type { RehearsalProgress, RehearsalTarget, RunStage, VariantDeploy } from './target.ts';
export { keepReport } from './store.ts';
export { htmlReport } from './reports/html.ts';
export { jsonReport } from './reports/json.ts';
export { junitReport } from './reports/junit.ts';
export { markdownReport } from './reports/markdown.ts';
export { tableReport } from './reports/table.ts';
