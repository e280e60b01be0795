import { join } from 'node:path';
import Docker from 'dockerode';
import type { Backend } from '../../../src/build/dockerfile/index.ts';
import { createDockerfileBuilder } from '../../../src/build/dockerfile/index.ts';
import type { Builder, BuildProgress, BuildResult } from '../../../src/build/index.ts';
import type { BuildSource } from '../source-folder.ts';
import { makeFolder, removeFolder, sourceIn } from '../source-folder.ts';

/** A builder on the machine's Docker, in a scope of its own, with everything it makes. */
export interface DockerBuilds {
  readonly builder: Builder;
  readonly stateFolder: string;
  folder(files: Readonly<Record<string, string>>): Promise<string>;
  build(
    source: BuildSource,
    label?: string,
    signal?: AbortSignal,
  ): Promise<BuildResult & { steps: string[]; lines: string[] }>;
  dispose(): Promise<void>;
}

export const docker = new Docker();
export const live = new AbortController().signal;

export const dockerBuilds = async (backend?: Backend, concurrency = 2): Promise<DockerBuilds> => {
  const stateFolder = await makeFolder({});
  const folders = [stateFolder];
  const builder = createDockerfileBuilder({
    project: 'pointsman-test',
    stateFolder,
    concurrency,
    ...(backend !== undefined && { backend }),
  });
  return {
    builder,
    stateFolder,
    folder: async (files) => {
      const folder = await makeFolder(files);
      folders.push(folder);
      return folder;
    },
    build: async (source, label = 'shop-web', signal = live) => {
      const said: BuildProgress[] = [];
      const result = await builder.build({ source, label }, (progress) => said.push(progress), signal);
      const texts = (kind: string): string[] => said.filter((one) => one.kind === kind).map((one) => one.text);
      return { ...result, steps: texts('step'), lines: texts('line') };
    },
    dispose: async () => {
      await builder.close();
      await builder.collect(new Set(), live);
      await Promise.all(folders.map(removeFolder));
    },
  };
};

/** A Dockerfile that lists what reached the image. */
export const listing = `FROM local/busybox:1
COPY . /app
RUN cd /app && find . ! -type d | sort
`;

export const sourceWith = (folder: string, more: Partial<BuildSource> = {}): BuildSource =>
  sourceIn(folder, { dockerfile: join(folder, 'Dockerfile'), ...more });
