import { Prisma } from '../generated/client.js';

/** A plain value for a json column. */
export function json(value: unknown): Prisma.InputJsonValue {
  return JSON.parse(JSON.stringify(value)) as Prisma.InputJsonValue;
}

/** A plain value for a nullable json column: null is SQL's NULL. */
export function jsonOrNull(value: unknown): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return value === null || value === undefined ? Prisma.DbNull : json(value);
}

/** What we wrote ourselves into a json column, of the shape that we wrote. */
export function fromJson<T>(value: unknown): T {
  return value as T;
}

export function iso(date: Date): string {
  return date.toISOString();
}

export function isoOrNull(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
