import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdFolder } from './at-exit.ts';
import { nginxConfig, originConfig } from './configs.ts';
import { endChild, freePort, startListening } from './process.ts';

/** The folder of one run and the origin that all proxies forward to. */
export interface Bench {
  readonly originPort: number;
  readonly originPid: number;
  /** A new empty folder inside. */
  readonly folder: (name: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** `large` is 1 MB. */
export const openBench = async (originWorkers: number): Promise<Bench> => {
  const root = await mkdtemp(join(tmpdir(), 'bench-proxy-'));
  holdFolder(root);
  let count = 0;
  const folder = async (name: string): Promise<string> => {
    count += 1;
    const path = join(root, `${count}-${name.replaceAll(/\W/g, '-')}`);
    await mkdir(path);
    return path;
  };
  await chmod(root, 0o755); // workers of nginx that give up root read and write here
  const files = await folder('files');
  await writeFile(join(files, 'large'), Buffer.alloc(1_048_576, 'x'));
  const originPort = await freePort();
  const config = join(root, 'origin.conf');
  await writeFile(config, nginxConfig(root, 'origin', originWorkers, originConfig(originPort, files)));
  const origin = await startListening(['nginx', '-c', config], originPort);
  const close = async (): Promise<void> => {
    await endChild(origin);
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  };
  return { originPort, originPid: origin.pid ?? 0, folder, close };
};
