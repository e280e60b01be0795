import { hostileSuite } from './hostile.ts';

hostileSuite('docker');
