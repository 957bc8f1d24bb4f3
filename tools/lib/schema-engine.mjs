// Prisma's schema engine in its WebAssembly build (npm), for making migrations and finding drift, never at run time.
// The stock driver adapter 7.10 is not fit for that in three ways, each put right below; it reaches into the adapter's
// internals, so the versions of all Prisma packages are pinned exactly.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { dropDatabase, query, withDatabase } from './databases.mjs';

const CHAR_OID = 18;
const TEXT_OID = 25;

class MigrationAdapterFactory extends PrismaPg {
  #url;
  #open = [];

  constructor(url) {
    super({ connectionString: url });
    this.#url = url;
  }

  connect() {
    return this.#adapterOn(this.#url);
  }

  /** A database of its own: the stock adapter would run the shadow's SQL on the real one. */
  async connectToShadowDb() {
    const name = `sluice_shadow_${randomBytes(6).toString('hex')}`;
    await query(this.#url, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    return this.#adapterOn(withDatabase(this.#url, name), () => dropDatabase(this.#url, name));
  }

  async closeAll() {
    await Promise.all(this.#open.map((dispose) => dispose()));
  }

  async #adapterOn(url, afterwards = async () => {}) {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const adapter = await new PrismaPg(pool, { disposeExternalPool: true }).connect();
    // one query of the simple protocol: one implicit transaction, and no splitting at `;` inside function bodies
    adapter.executeScript = async (script) => void (await pool.query(script));
    decodeCharColumns(adapter);
    let disposed;
    adapter.dispose = () =>
      (disposed ??= (async () => {
        await pool.end();
        await afterwards();
      })());
    this.#open.push(adapter.dispose);
    return adapter;
  }
}

/** pg_catalog's one-byte type "char" is read as text and reported to the engine as a character. */
function decodeCharColumns(adapter) {
  const performIO = adapter.performIO.bind(adapter);
  const queryRaw = adapter.queryRaw.bind(adapter);
  let charColumns = [];
  adapter.performIO = async (statement) => {
    const result = await performIO(statement);
    charColumns = result.fields.flatMap((field, index) => (field.dataTypeID === CHAR_OID ? [index] : []));
    const fields = result.fields.map((field) =>
      field.dataTypeID === CHAR_OID ? { ...field, name: field.name, dataTypeID: TEXT_OID } : field,
    );
    return { ...result, rows: result.rows, fields };
  };
  adapter.queryRaw = async (statement) => {
    const result = await queryRaw(statement);
    for (const index of charColumns) result.columnTypes[index] = ColumnTypeEnum.Character;
    return result;
  };
}

/** What the engine is to leave alone: nothing. Triggers, functions, checks and partial indexes it does not look at. */
export const filters = { externalTables: [], externalEnums: [] };

let loaded;

/** Once per process: the glue code keeps views on the memory of one instance. */
const loadEngine = () => (loaded ??= instantiate());

async function instantiate() {
  const wasmFile = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')),
    'schema_engine_bg.wasm',
  );
  const { instance } = await WebAssembly.instantiate(readFileSync(wasmFile), { './schema_engine_bg.js': glue });
  // the engine hands its panics to this global before it traps
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => process.stderr.write(`${message}\n`) };
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue.SchemaEngine;
}

/** The engine on a reachable database (which it leaves as it is, except by its own migration commands). */
export async function withSchemaEngine({ url, schemaPath }, work) {
  const SchemaEngine = await loadEngine();
  const factory = new MigrationAdapterFactory(url);
  const options = { datamodels: [[schemaPath, readFileSync(schemaPath, 'utf8')]] };
  const engine = await SchemaEngine.new(options, () => {}, bindMigrationAwareSqlAdapterFactory(factory));
  try {
    return await work(engine);
  } finally {
    engine.free();
    await factory.closeAll();
  }
}

/** The migrations folder in the form that the engine's commands take. */
export function migrationsList(dir) {
  const lockFile = path.join(dir, 'migration_lock.toml');
  return {
    baseDir: dir,
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: existsSync(lockFile) ? readFileSync(lockFile, 'utf8') : null },
    migrationDirectories: migrationNames(dir).map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(path.join(dir, name, 'migration.sql'), 'utf8') },
      },
    })),
  };
}

const migrationNames = (dir) =>
  existsSync(dir)
    ? readdirSync(dir, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort()
    : [];
