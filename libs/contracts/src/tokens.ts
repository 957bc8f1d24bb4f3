import { z } from 'zod';
import { Id, Name, Time, Timestamp, pageOf } from './common.js';

export const roles = ['viewer', 'operator', 'admin'] as const;
export const Role = z.enum(roles).meta({
  id: 'Role',
  description:
    'viewer: reads. operator: plans, rollouts, verbs, weights. admin: everything, tokens and credentials included.',
});
export type Role = z.infer<typeof Role>;

export const Token = z
  .object({
    id: Id,
    projectId: Id.nullable().describe('null = every project.'),
    name: z.string(),
    role: Role,
    prefix: z.string().describe('First characters, to recognise it by.'),
    createdAt: Timestamp,
    createdBy: z.string(),
    expiresAt: Timestamp.nullable(),
    revokedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Token', description: 'A bearer token; only its hash is stored.' });
export type Token = z.infer<typeof Token>;

export const CreateToken = z
  .strictObject({
    projectId: Id.nullable().optional().describe("null = every project; default: the caller's."),
    name: Name,
    role: Role,
    expiresAt: Time.nullable().default(null).describe('null = never.'),
  })
  .meta({
    id: 'CreateToken',
    description: 'A new token.',
    examples: [{ name: 'ci', role: 'operator', expiresAt: null }],
  });
export type CreateToken = z.input<typeof CreateToken>;

export const CreatedToken = z
  .object({
    token: Token,
    secret: z
      .string()
      .nullable()
      .describe('Shown this once; null in a dry run and in a replay under the same Idempotency-Key.'),
  })
  .meta({ id: 'CreatedToken', description: 'The new token and its secret.' });
export type CreatedToken = z.infer<typeof CreatedToken>;
export const TokenPage = pageOf(Token, 'Token');

export const WhoAmI = z
  .object({ actor: z.string(), role: Role, projectId: Id.nullable() })
  .meta({ id: 'WhoAmI', description: 'Who this token is.' });
