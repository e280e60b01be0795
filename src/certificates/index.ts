export { authorityFolder, certifies, openAuthority } from './authority.ts';
export type { Authority } from './authority.ts';
export { certificateOf, readCertificate } from './given.ts';
export type { Certificate } from './given.ts';
