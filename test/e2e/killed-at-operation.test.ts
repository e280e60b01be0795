import { killedAtOperationSuite } from './killed-at-operation.ts';

killedAtOperationSuite('process', 'rolling', 2);
killedAtOperationSuite('process', 'blue-green', 1);
