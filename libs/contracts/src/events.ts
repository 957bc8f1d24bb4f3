import { actorKinds, eventTypes } from '@sluice/domain';
import { z } from 'zod';
import { Id, Timestamp } from './common.js';

export const Actor = z
  .object({
    kind: z.enum(actorKinds),
    id: z.string().describe("A token's id; of the engine, the name of its part."),
    name: z.string(),
  })
  .meta({
    id: 'Actor',
    description: 'Who did it: a person, a program with a token, or a part of Sluice itself.',
    examples: [{ kind: 'token', id: 'tok_0123456789abcdefghij', name: 'ci' }],
  });
export type Actor = z.infer<typeof Actor>;

const View = z.record(z.string(), z.unknown()).nullable();

export const Event = z
  .object({
    seq: z.string().describe('The order in which events became visible, without gaps; the SSE id.'),
    projectId: Id.nullable(),
    type: z.enum(eventTypes),
    subject: z.string().meta({ examples: ['rollout/rol_0123456789abcdefghij'] }),
    actor: Actor,
    before: View.describe(
      "The subject as the API showed it (a plan with its `spec`, a rollout as in a list), so never a secret; null = it wasn't there, or the engine tells of its own work.",
    ),
    after: View.describe('The same after it; null = it is gone, or the engine tells of its own work.'),
    data: z
      .record(z.string(), z.unknown())
      .describe('More of it. Of a change, `fields`: what differs, credentials that are never shown included.'),
    at: Timestamp,
  })
  .meta({
    id: 'Event',
    description: 'One change, told once. In the stream: `id` is `seq`, `event` is `type`, `data` is this object.',
  });
export type Event = z.infer<typeof Event>;
