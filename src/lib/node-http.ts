import type * as http from 'node:http';

/**
 * `node:http`, for what runs for long. An ESM import of it lists every export, and one of them loads undici: 5 MB
 * resident that nothing here uses.
 */
export const nodeHttp = (): typeof http => process.getBuiltinModule('node:http');
