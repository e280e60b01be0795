import { clockSetBackSuite } from './clock-set-back.ts';

clockSetBackSuite('process');
