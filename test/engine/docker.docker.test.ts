import { randomBytes } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, beforeAll } from 'vitest';
import { createDockerEngine } from '../../src/engine/docker/index.ts';
import { imageRef } from '../../src/model/index.ts';
import { describeEngine } from '../contract/engine.ts';
import { buildHostileImage, dockerLeftOvers } from './docker/hostile-image.ts';

const docker = new Docker();
const owner = `test-${randomBytes(4).toString('hex')}`;
const image = `pointsman-engine-${owner}`;

beforeAll(() => buildHostileImage(docker, image));
afterAll(() => docker.getImage(image).remove({ force: true }));

describeEngine('docker engine', () => ({
  image: imageRef(image),
  open: (scope) => createDockerEngine({ scope, owner }),
  leftOvers: (scope) => dockerLeftOvers(docker, scope),
}));
