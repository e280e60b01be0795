export type { SupervisorClient } from './supervisor-client.ts';
export { createSupervisorClient } from './supervisor-client.ts';
