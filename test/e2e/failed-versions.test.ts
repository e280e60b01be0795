import { failedVersionsSuite } from './failed-versions.ts';

failedVersionsSuite('process');
