import { zeroDowntimeSuite } from './zero-downtime.ts';

zeroDowntimeSuite('docker');
