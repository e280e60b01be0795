import { politeProject } from './command-line.ts';

/** The polite app with a rehearsal: so many seconds of load before its deploy and after. */
export const rehearsalProject = (seconds: number): string => politeProject(['web'], rehearsal(seconds));

const rehearsal = (seconds: number): string => `---
apiVersion: pointsman/v1
kind: Rehearsal
metadata: { name: deploy }
spec:
  deploy: { services: [web], variables: { RELEASE: "2" } }
  compare: [railway-stop-start, pointsman]
  before: ${seconds}s
  after: ${seconds}s
  workloads:
    - { name: calls, http: { host: web.polite.localhost, path: /, rate: 50/s } }
  budgets: { failedRequests: 0 }
`;
