import { killedAtOperationSuite } from './killed-at-operation.ts';

killedAtOperationSuite('docker', 'rolling', 2);
killedAtOperationSuite('docker', 'blue-green', 1);
