import type { Workload } from '../../model/index.ts';
import { httpDriver } from './http.ts';
import { jobsDriver } from './jobs.ts';
import { sseDriver } from './sse.ts';
import type { LoadAddress, WorkloadDriver } from './workload.ts';

export const driverOf = (workload: Workload, address: LoadAddress): WorkloadDriver => {
  switch (workload.kind) {
    case 'http':
      return httpDriver(workload, address);
    case 'sse':
      return sseDriver(workload, address);
    case 'jobs':
      return jobsDriver(workload, address);
  }
};
