import { statefulSuite } from './stateful.ts';

statefulSuite('process');
