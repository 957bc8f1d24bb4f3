import { z } from 'zod';
import { Id, Timestamp } from './common.js';

export const Event = z
  .object({
    seq: z.string().describe('Commit order; the SSE id.'),
    projectId: Id.nullable(),
    type: z.string().meta({ examples: ['rollout.changed', 'route.weights', 'cluster.changed', 'binding.changed'] }),
    subject: z.string().meta({ examples: ['rollout/rol_0123456789abcdefghij'] }),
    data: z.record(z.string(), z.unknown()),
    at: Timestamp,
  })
  .meta({
    id: 'Event',
    description: 'One change, told once. In the stream: `id` is `seq`, `event` is `type`, `data` is this object.',
  });
export type Event = z.infer<typeof Event>;
