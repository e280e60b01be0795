export { followAbort } from './follow-abort.ts';
export { followDeploy } from './follow-deploy.ts';
export { followScale } from './follow-scale.ts';
export { openRehearsalView } from './rehearsal-view.ts';
