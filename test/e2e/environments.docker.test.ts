import { environmentsSuite } from './environments.ts';

environmentsSuite('docker');
