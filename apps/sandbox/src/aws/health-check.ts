import { request } from 'node:http';
import { connect } from 'node:net';
import { meansName, type Faults } from '../shared/faults.js';
import type { Endpoint, NetworkView } from '../shared/network-view.js';
import type { HealthCheck, Target, TargetGroup } from './model.js';
import { checkPort } from './targets.js';

export type CheckOutcome =
  | { kind: 'passed' }
  | {
      kind: 'failed';
      reason: 'Target.Timeout' | 'Target.FailedHealthChecks' | 'Target.ResponseCodeMismatch';
      description: string;
    };

interface CheckParts {
  readonly network: NetworkView;
  readonly faults: Faults;
  readonly timeScale: number;
}

/** However much time is scaled down, a busy machine gets this long. */
const minTimeoutMs = 1_000;

const timedOut: CheckOutcome = { kind: 'failed', reason: 'Target.Timeout', description: 'Request timed out' };
const refused: CheckOutcome = {
  kind: 'failed',
  reason: 'Target.FailedHealthChecks',
  description: 'Health checks failed',
};

/** One health check over the sandbox's network, a real HTTP request or TCP connection. An address nobody has times out, as in a VPC. */
export async function checkOnce(target: Target, group: TargetGroup, parts: CheckParts): Promise<CheckOutcome> {
  const { healthCheck } = group;
  const endpoint = await parts.network.resolve(target.id, Number(checkPort(target, group)));
  if (endpoint === undefined || isFaulted(target, group, endpoint, parts.faults)) return timedOut;
  const timeoutMs = Math.max(minTimeoutMs, healthCheck.HealthCheckTimeoutSeconds * 1000 * parts.timeScale);
  return healthCheck.HealthCheckProtocol === 'TCP'
    ? checkTcp(endpoint, timeoutMs)
    : checkHttp(endpoint, healthCheck, timeoutMs);
}

function isFaulted(target: Target, group: TargetGroup, endpoint: Endpoint, faults: Faults): boolean {
  const fault = faults.get('targets.unhealthy');
  if (fault === undefined) return false;
  const byGroup =
    fault.targetGroup === undefined ||
    meansName(fault.targetGroup, group.name) ||
    meansName(fault.targetGroup, group.arn);
  const byAddress =
    fault.address === undefined ||
    meansName(fault.address, target.id) ||
    meansName(fault.address, `${target.id}:${target.port}`);
  const byCluster = fault.cluster === undefined || meansName(fault.cluster, endpoint.cluster ?? '');
  return byGroup && byAddress && byCluster;
}

function checkTcp({ host, port }: Endpoint, timeoutMs: number): Promise<CheckOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (outcome: CheckOutcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => end({ kind: 'passed' }));
    socket.once('timeout', () => end(timedOut));
    socket.once('error', () => end(refused));
  });
}

function checkHttp({ host, port }: Endpoint, healthCheck: HealthCheck, timeoutMs: number): Promise<CheckOutcome> {
  return new Promise((resolve) => {
    const outgoing = request(
      {
        host,
        port,
        path: healthCheck.HealthCheckPath ?? '/',
        agent: false,
        headers: { 'user-agent': 'ELB-HealthChecker/2.0' },
      },
      (response) => {
        response.resume();
        clearTimeout(timer);
        const code = response.statusCode ?? 0;
        resolve(
          matches(healthCheck.Matcher?.HttpCode ?? '200', code)
            ? { kind: 'passed' }
            : {
                kind: 'failed',
                reason: 'Target.ResponseCodeMismatch',
                description: `Health checks failed with these codes: [${code}]`,
              },
        );
      },
    );
    const timer = setTimeout(() => {
      resolve(timedOut);
      outgoing.destroy();
    }, timeoutMs);
    outgoing.once('error', () => {
      clearTimeout(timer);
      resolve(refused);
    });
    outgoing.end();
  });
}

/** `200`, `200,202` or `200-299`, and mixtures. */
function matches(matcher: string, code: number): boolean {
  return matcher.split(',').some((part) => {
    const [from, to] = part.split('-').map(Number);
    return from !== undefined && code >= from && code <= (to ?? from);
  });
}
