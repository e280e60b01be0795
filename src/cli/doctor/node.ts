import type { Finding } from './finding.ts';

const least = { major: 22, minor: 22 } as const;

export const examineNode = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > least.major || (major === least.major && minor >= least.minor)) {
    return { about: 'Node', state: 'good', message: version };
  }
  return {
    about: 'Node',
    state: 'missing',
    message: `${version} is too old.`,
    fix: `Install Node ${least.major}.${least.minor} or newer.`,
  };
};
