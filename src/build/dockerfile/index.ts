export type { Backend } from './build-input.ts';
export { createDockerfileBuilder } from './dockerfile-builder.ts';
