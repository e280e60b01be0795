import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program beside this one, as source or compiled. */
export const programBeside = (name: string): string =>
  fileURLToPath(new URL(`${name}${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
