import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createProcessEngine } from '../../src/engine/process/index.ts';
import { imageRef } from '../../src/model/index.ts';
import { describeEngine } from '../contract/engine.ts';
import type { EngineUnderTest } from './stage.ts';

let stateFolder = '';

beforeAll(async () => {
  stateFolder = await mkdtemp(join(tmpdir(), 'pointsman-engine-'));
  await cp('fixtures/hostile', join(stateFolder, 'snapshots/hostile'), { recursive: true });
});
afterAll(() => rm(stateFolder, { recursive: true, force: true }));

const subject = (): EngineUnderTest => ({
  image: imageRef('snapshot:hostile'),
  open: (scope) => createProcessEngine({ scope, stateFolder }),
  leftOvers: ({ project }) => readdir(join(stateFolder, 'process', project), { recursive: true }).catch(() => []),
});

describeEngine('process engine', subject);
