import { preDeployKilledSuite } from './pre-deploy-killed.ts';

preDeployKilledSuite('process');
