import { operationsSuite, projectOf, webSpec } from './operations.ts';

operationsSuite(projectOf('docker', { web: webSpec() }));
