import type { EdgeAnswer } from '../model/index.ts';
import type { Known, PlatformProfile } from './profile.ts';

const documented = <Value>(value: Value, page: string): Known<Value> => ({ value, source: `Railway docs: ${page}` });
const observed = <Value>(value: Value, where: string): Known<Value> => ({ value, source: `observed: ${where}` });
const inferred = <Value>(value: Value, from: string): Known<Value> => ({ value, source: `inferred: ${from}` });

const edgeAnswer = (status: number, message: string): EdgeAnswer => ({
  status,
  headers: { 'content-type': 'application/json', 'x-railway-fallback': 'true', server: 'railway-edge' },
  body: `{"status":"error","code":${status},"message":"${message}","request_id":"{{requestId}}"}`,
});

/** What Railway documents: new beside old, one check of health, then old goes at once unless told otherwise. */
export const railway: PlatformProfile = {
  name: 'railway',
  summary: 'Railway as it documents itself',
  rules: {
    'replace.chosenBy': documented('platform', 'deployments/reference'),
    'replace.serving': documented('blue-green', 'deployments/reference'),
    'replace.worker': documented('blue-green', 'deployments/reference'),
    'replace.switch': inferred(
      'atomic',
      'a deployment becomes active once all its replicas passed (deployments/healthchecks)',
    ),
    'replace.withVolume': documented('stop-first', 'volumes/reference'),
    'replace.volumeReplicas': documented(1, 'volumes'),
    'replace.withHostPort': inferred('none', 'HTTP and TCP proxies are all it documents (networking/tcp-proxy)'),
    'replace.overlapSeconds': documented(0, 'variables/reference, RAILWAY_DEPLOYMENT_OVERLAP_SECONDS'),
    'gate.ok': documented('200', 'deployments/healthchecks'),
    'gate.host': documented('healthcheck.railway.app', 'deployments/healthchecks'),
    'gate.firstDelaySeconds': 'unknown',
    'gate.tryTimeoutSeconds': observed(10, 'time stamps in five public deploy logs'),
    'gate.waitSeconds': observed([1, 2, 4, 8, 16, 30], 'time stamps in five public deploy logs'),
    'gate.successes': documented(1, 'deployments/healthchecks'),
    'gate.deadlineSeconds': documented(300, 'deployments/healthchecks'),
    'gate.withoutPath': documented('uptime', 'deployments/reference: active as soon as the container starts'),
    'gate.uptimeSeconds': documented(0, 'deployments/reference: active as soon as the container starts'),
    'drain.http': inferred(
      'none',
      'the documented order has no step between overlap and SIGTERM (deployments/reference)',
    ),
    'drain.sse': inferred(
      'none',
      'the documented order has no step between overlap and SIGTERM (deployments/reference)',
    ),
    'drain.websocket': inferred(
      'none',
      'the documented order has no step between overlap and SIGTERM (deployments/reference)',
    ),
    'drain.seconds': inferred(
      0,
      'the documented order has no step between overlap and SIGTERM (deployments/reference)',
    ),
    'stop.signal': documented('SIGTERM', 'deployments/reference'),
    'stop.graceSeconds': documented(0, 'variables/reference, RAILWAY_DEPLOYMENT_DRAINING_SECONDS'),
    'restart.policyType': documented('ON_FAILURE', 'deployments/restart-policy'),
    'restart.maxRetries': documented(10, 'deployments/restart-policy'),
    'restart.backoff': 'unknown',
    'edge.noUpstream': documented(
      edgeAnswer(502, 'Application failed to respond'),
      'networking/troubleshooting/application-failed-to-respond',
    ),
    'edge.unknownHost': observed(edgeAnswer(404, 'Application not found'), 'answers quoted in public reports'),
    'edge.balance': documented('random', 'deployments/scaling'),
    'edge.dial': observed({ attempts: 3, timeoutMs: 5000 }, 'upstreamErrors of public HTTP logs'),
    'edge.repeat': inferred('kept', 'logs show dials again, never a request that another replica got'),
    'edge.hold': observed({ seconds: 0, maxRequests: 0 }, 'requests during a gap get 502 at once'),
    'edge.requests': documented(
      { headBytes: 32_768, responseSeconds: 300, uploadSeconds: 300, silentSeconds: 300, totalSeconds: 900 },
      'networking/public-networking/specs-and-limits',
    ),
    'edge.clients': documented({ idleSeconds: 60 }, 'networking/public-networking/specs-and-limits'),
    'preDeploy.timeoutSeconds': 'unknown',
    'command.container': documented('exec', 'deployments/start-command'),
    'command.source': documented('shell', 'deployments/start-command'),
  },
};

const reported = <Value>(value: Value): Known<Value> => ({ value, source: 'reported: PlanExe, proposal 80' });

/** What users without replicas and overlap report: old is stopped before new is healthy. */
export const railwayStopStart: PlatformProfile = {
  name: 'railway-stop-start',
  summary: 'Railway as users report it: the old container is stopped first, 502 until the new one is healthy',
  rules: {
    ...railway.rules,
    'replace.chosenBy': reported('platform'),
    'replace.serving': reported('stop-start'),
    'replace.worker': reported('stop-start'),
    'stop.graceSeconds': reported(10),
    'edge.hold': reported({ seconds: 0, maxRequests: 0 }),
  },
};
