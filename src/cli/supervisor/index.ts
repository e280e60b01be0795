export { askSupervisor, endLaunched, reachSupervisor, runningSupervisor } from './reach.ts';
export { requireServices } from './services.ts';
export { isAlive, killEverything, processesOf, takeDown } from './take-down.ts';
