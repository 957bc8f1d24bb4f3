import { DescribeTagsCommand, type Tag } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TaggedResource } from '@sluice/domain';
import { parseElbArn } from './arns.js';
import type { AwsCall } from './clients/aws-call.js';
import { lookUp, type Outcome } from './clients/batches.js';
import { unreadableReply } from './clients/paging.js';

type Tags = Readonly<Record<string, string>>;

/** Tags of many resources, 20 a call. A resource that AWS does not know fails alone. */
export function readTags(call: AwsCall, arns: Iterable<string>): Promise<Map<string, Outcome<TaggedResource>>> {
  return lookUp(arns, async (batch) => {
    const reply = await call.read('DescribeTags', batch.join(', '), (client, http) =>
      client.send(new DescribeTagsCommand({ ResourceArns: batch }), http),
    );
    const found = new Map((reply.TagDescriptions ?? []).map((one) => [one.ResourceArn, one.Tags ?? []]));
    return new Map(
      batch.map((arn) => {
        const tags = found.get(arn);
        return [
          arn,
          tags === undefined
            ? unreadableReply('DescribeTags', arn, 'tags of it')
            : { kind: parseElbArn(arn).kind, arn, tags: fromTags(tags) },
        ];
      }),
    );
  });
}

function fromTags(tags: readonly Tag[]): Tags {
  return Object.fromEntries(tags.map((tag) => [tag.Key ?? '', tag.Value ?? '']));
}

/** For the Create calls: undefined when there are none, because AWS refuses an empty list. */
export function toTags(tags: Tags): Tag[] | undefined {
  const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return list.length === 0 ? undefined : list;
}
