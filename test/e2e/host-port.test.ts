import { hostPortSuite } from './host-port.ts';

hostPortSuite('process');
