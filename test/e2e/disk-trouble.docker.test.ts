import { diskTroubleSuite } from './disk-trouble.ts';

diskTroubleSuite('docker');
