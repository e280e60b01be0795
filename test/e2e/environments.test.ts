import { environmentsSuite } from './environments.ts';

environmentsSuite('process');
