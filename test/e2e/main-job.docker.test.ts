import { test } from 'vitest';
import { expectTheStory, rehearse } from './main-job.ts';
import type { MainJob } from './main-job.ts';

const planexe: MainJob = {
  engine: 'docker',
  system: 'planexe',
  buildArgs: ['PYTHON_IMAGE=local/python:3.11', 'POSTGRES_IMAGE=local/postgres:15'],
};

test("the main job on Docker, PlanExe's five services: Railway stop/start loses what users asked for, Pointsman nothing", async () => {
  expectTheStory(await rehearse(planexe), planexe);
}, 600_000);
