import { drainReportSuite } from './workers.ts';

drainReportSuite('docker');
