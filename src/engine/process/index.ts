export { createProcessEngine } from './engine.ts';
