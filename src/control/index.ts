export type { Place } from './place.ts';
export { domainOwnersOf, isInUse, placeOf } from './place.ts';
export { lockStateFolder, openStateFile, StateStore } from './store/index.ts';
export type { SupervisorControl } from './supervisor-control.ts';
export type { EnvironmentsControl, OpenEnvironment } from './environments.ts';
export { Environments } from './environments.ts';
export { Supervisor } from './supervisor.ts';
