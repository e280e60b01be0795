import { hostPortSuite } from './host-port.ts';

hostPortSuite('docker');
