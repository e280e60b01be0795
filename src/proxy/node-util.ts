import type * as util from 'node:util';

/**
 * `node:util`, for master and workers. An ESM import of it lists every export, which loads what stands behind each:
 * worker threads, a command line, differences of texts.
 */
export const nodeUtil = (): typeof util => process.getBuiltinModule('node:util');
