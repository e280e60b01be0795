export { createSnapshotBuilder } from './snapshot-builder.ts';
