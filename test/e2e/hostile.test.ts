import { hostileSuite } from './hostile.ts';

hostileSuite('process');
