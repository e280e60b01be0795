import { removedByHandSuite } from './removed-by-hand.ts';

removedByHandSuite('docker');
