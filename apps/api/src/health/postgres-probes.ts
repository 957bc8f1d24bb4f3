import { existsSync, readdirSync } from 'node:fs';
import type { Database } from '@sluice/postgres';
import { ReadinessProbe } from './readiness.js';

export class DatabaseProbe extends ReadinessProbe {
  readonly name = 'database';
  constructor(private readonly database: Database) {
    super();
  }
  async check(): Promise<string | null> {
    await this.database.pool.query('SELECT 1');
    return null;
  }
}

/** Every migration that this build carries is applied, and none has failed. A newer database is fine: it is older code's friend. */
export class MigrationsProbe extends ReadinessProbe {
  readonly name = 'migrations';
  private current = false;
  constructor(
    private readonly database: Database,
    /** Folder of this build's migrations; null = not shipped, nothing to compare with. */
    private readonly directory: string | null,
  ) {
    super();
  }
  async check(): Promise<string | null> {
    if (this.current || this.directory === null || !existsSync(this.directory)) return null;
    const names = readdirSync(this.directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    const { rows } = await this.database.pool.query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const applied = new Set(rows.map((row) => row.name));
    const missing = names.filter((name) => !applied.has(name));
    this.current = missing.length === 0;
    return this.current ? null : `${missing.length} not applied yet: run the migrations (npm run db:deploy)`;
  }
}
