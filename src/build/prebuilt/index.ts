export { createPrebuiltBuilder } from './prebuilt-builder.ts';
