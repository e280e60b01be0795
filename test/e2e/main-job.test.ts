import { test } from 'vitest';
import { expectTheStory, rehearse } from './main-job.ts';
import type { MainJob } from './main-job.ts';

const quickstart: MainJob = { engine: 'process', system: 'quickstart', buildArgs: [] };

test('the main job without Docker: Railway stop/start loses what users asked for, Pointsman loses nothing', async () => {
  expectTheStory(await rehearse(quickstart), quickstart);
});
