import path from 'node:path';
import { PointsmanError } from '../model/index.ts';
import type { CertificateFiles } from '../model/index.ts';
import type { LoadedProject } from './model.ts';

/** How the project wants https to be served. Absolute paths. */
export interface ProjectTls {
  readonly certificates: readonly CertificateFiles[];
  readonly redirect: boolean;
}

type Written = Pick<LoadedProject, 'project' | 'projectDocument'>;

/** undefined: the project says nothing about it. */
export const projectTls = ({ project, projectDocument }: Written): ProjectTls | undefined => {
  const { tls } = project.spec;
  if (tls === undefined || projectDocument === undefined) return undefined;
  const folder = path.dirname(projectDocument.file);
  const certificates = (tls.certificates ?? []).map(({ cert, key }) => ({
    cert: path.resolve(folder, cert),
    key: path.resolve(folder, key),
  }));
  return { certificates, redirect: tls.redirect ?? false };
};

/** What is wrong with the certificates it names, each at its place. */
export const certificateProblems = async (written: Written): Promise<PointsmanError[]> => {
  const files = projectTls(written)?.certificates ?? [];
  if (files.length === 0) return [];
  const { readCertificate } = await import('../certificates/index.ts');
  const checked = await Promise.allSettled(files.map(readCertificate));
  return checked.flatMap((result, index) => {
    if (result.status === 'fulfilled') return [];
    const { message, fix } = result.reason as PointsmanError;
    const where = written.projectDocument?.locate(['spec', 'tls', 'certificates', index]);
    return [
      new PointsmanError('CERTIFICATE_INVALID', {
        message,
        ...(fix !== undefined && { fix }),
        ...(where !== undefined && { where }),
      }),
    ];
  });
};
