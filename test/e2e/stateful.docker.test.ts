import { statefulSuite } from './stateful.ts';

statefulSuite('docker');
