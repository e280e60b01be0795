export { detectDocker } from './detect.ts';
export type { DockerEngineOptions } from './engine.ts';
export { createDockerEngine } from './engine.ts';
