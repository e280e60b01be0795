import { supervisorKilledSuite } from './supervisor-killed.ts';

supervisorKilledSuite('docker', 'blue-green');
