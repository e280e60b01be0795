import { supervisorKilledSuite } from './supervisor-killed.ts';

supervisorKilledSuite('process', 'rolling');
