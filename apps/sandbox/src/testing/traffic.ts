import { DescribeTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { startDataPlane, urlTag } from '../data-plane/index.js';
import { partsCredentials, type RunningPart } from '../shared/parts.js';
import { account, type AwsWorld, region } from './aws-world.js';
import { eventually } from './eventually.js';

export function startTraffic(world: AwsWorld, pollMs = 20): Promise<RunningPart> {
  return startDataPlane({
    awsEndpoint: world.aws.endpoint,
    network: world.network,
    faults: world.faults,
    account,
    region,
    credentialsFor: partsCredentials,
    pollMs,
  });
}

/** What the listener's tag says, or undefined before it has one. */
export async function taggedUrl(world: AwsWorld, listenerArn: string): Promise<string | undefined> {
  const { TagDescriptions } = await world.elb.send(new DescribeTagsCommand({ ResourceArns: [listenerArn] }));
  return TagDescriptions?.[0]?.Tags?.find((tag) => tag.Key === urlTag)?.Value;
}

export async function listenerUrl(world: AwsWorld, listenerArn: string): Promise<string> {
  return (
    (await eventually(
      () => taggedUrl(world, listenerArn),
      (url) => url !== undefined,
    )) ?? ''
  );
}

/** How often each answer came in so many requests. */
export async function answers(url: string, count: number, init?: RequestInit): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const response = await fetch(url, init);
    const answer = response.ok ? await response.text() : String(response.status);
    if (!response.ok) await response.arrayBuffer();
    counts[answer] = (counts[answer] ?? 0) + 1;
  }
  return counts;
}
