import { z } from 'zod';
import { list, oneOf, text, variables } from './scalar-schema.ts';

/** Keys a config file's `[build]` may have too. `null` clears what a lower layer says. */
export const sharedBuildFields = {
  builder: oneOf(['DOCKERFILE', 'RAILPACK', 'NIXPACKS', 'HEROKU', 'PAKETO'])
    .nullish()
    .describe('How the image is made. A Dockerfile that is found wins over every other builder.'),
  buildCommand: text().nullish().describe('Run in the copied source by the process engine before the first start.'),
  dockerfilePath: text()
    .nullish()
    .describe('From the source folder; default Dockerfile. A leading slash also means the source folder.'),
  watchPatterns: list(text(), 'a list of patterns')
    .nullish()
    .describe('gitignore-style, from the source folder: which changes rebuild. Default: everything in the context.'),
  railpackVersion: text().nullish().describe('Accepted, without effect here.'),
  nixpacksConfigPath: text().nullish().describe('Accepted, without effect here.'),
  nixpacksPlan: z.looseObject({}, { error: 'a map' }).nullish().describe('Accepted, without effect here.'),
  nixpacksVersion: text().nullish().describe('Accepted, without effect here.'),
  buildEnvironment: oneOf(['V2', 'V3']).nullish().describe('Accepted, without effect here.'),
};

export const buildSchema = z.strictObject(
  {
    ...sharedBuildFields,
    context: text()
      .nullish()
      .describe('Folder that is sent to the builder, from the source folder; default: all of it.'),
    target: text().nullish().describe('Stage of the Dockerfile to stop at.'),
    args: variables().optional().describe('Build arguments. May refer to variables.'),
    secrets: variables().optional().describe('For RUN --mount=type=secret: name and value. May refer to variables.'),
  },
  { error: 'a map' },
);
