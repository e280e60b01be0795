import type { CompleteProfile, Known } from './profile.ts';

const own = <Value>(value: Value, why: string): Known<Value> => ({ value, source: `Pointsman: ${why}` });

const json = { 'content-type': 'application/json' };

/** The best one can do on one machine. Has no gaps: it fills those of the other profiles. */
export const pointsman: CompleteProfile = {
  name: 'pointsman',
  summary: "Pointsman's own rules: nothing is lost that can be kept",
  rules: {
    'replace.chosenBy': own('user', 'deploy.strategy decides'),
    'replace.serving': own('blue-green', 'users see one version or the other, never a mix'),
    'replace.worker': own('rolling', 'one more at a time is enough where nobody is routed'),
    'replace.switch': own('by-strategy', 'blue-green at once, the others one replica at a time'),
    'replace.withVolume': own('stop-first', 'two versions writing to one volume corrupt it'),
    'replace.volumeReplicas': own(1, 'two replicas writing to one volume corrupt it'),
    'replace.withHostPort': own('stop-first', 'a port of the machine belongs to one replica at a time'),
    'replace.overlapSeconds': own(0, 'the switch is acknowledged, so waiting gains nothing'),
    'gate.ok': own('2xx', 'any success'),
    'gate.host': own(null, 'what users ask for'),
    'gate.firstDelaySeconds': own(0, 'the first check is made at once'),
    'gate.tryTimeoutSeconds': own(5, 'a healthy check answers sooner'),
    'gate.waitSeconds': own(
      fastThenSlower(),
      'the switch follows readiness within 0.2 s for an app that boots quickly',
    ),
    'gate.successes': own(1, 'a health check that answers once means what it says'),
    'gate.deadlineSeconds': own(300, 'time to load a model'),
    'gate.withoutPath': own('port', 'a port that accepts is the least that can be asked'),
    'gate.uptimeSeconds': own(2, 'long enough for a failing import to show'),
    'drain.http': own('wait', 'requests in flight finish'),
    'drain.sse': own('end-at-event', 'clients resume on the new version'),
    'drain.websocket': own('close-frame', 'clients are told to reconnect'),
    'drain.seconds': own(30, 'most requests end sooner'),
    'stop.signal': own('SIGTERM', 'what every runtime knows'),
    'stop.graceSeconds': own(10, 'time to close files and connections'),
    'restart.policyType': own('ON_FAILURE', 'an app that ended by itself with 0 meant to'),
    'restart.maxRetries': own(10, 'then somebody should look'),
    'restart.backoff': own(
      { baseSeconds: 0.5, factor: 2, capSeconds: 30, resetAfterSeconds: 60 },
      'a crash loop must not eat the machine',
    ),
    'edge.noUpstream': own(
      {
        status: 503,
        headers: { ...json, 'retry-after': '1' },
        body: '{"error":"no replica of this service is ready","requestId":"{{requestId}}"}',
      },
      'temporary, and clients are told when to come back',
    ),
    'edge.unknownHost': own(
      { status: 404, headers: json, body: '{"error":"no service has this host name","requestId":"{{requestId}}"}' },
      'the name is wrong, not the service',
    ),
    'edge.balance': own('least-requests', 'slow calls do not pile up on one replica'),
    'edge.dial': own({ attempts: 3, timeoutMs: 2000 }, 'replicas are at most one bridge away'),
    'edge.repeat': own('any', 'a replica that dies takes no harmless request along'),
    'edge.hold': own({ seconds: 15, maxRequests: 1000 }, 'a short wait is better than an error'),
    'edge.requests': own({}, 'nothing is cut that nobody asked to have cut'),
    'edge.clients': own({}, "the proxy's own patience with slow clients"),
    'preDeploy.timeoutSeconds': own(600, 'time for a migration'),
    'command.container': own('as-needed', 'signals reach the program, and shell syntax works where it is used'),
    'command.source': own('as-needed', 'signals reach the program, and shell syntax works where it is used'),
  },
};

/** Every 0.1 s for 3 s, 0.2 s for 4 s, 0.5 s for 5 s, then once a second. */
function fastThenSlower(): readonly number[] {
  return [...Array<number>(30).fill(0.1), ...Array<number>(20).fill(0.2), ...Array<number>(10).fill(0.5), 1];
}
