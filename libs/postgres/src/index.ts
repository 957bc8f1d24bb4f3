export * from './engine/index.js';
export { awaitDatabase, DatabaseUnavailable } from './await-database.js';
export { openDatabase, type Database, type DatabaseOptions } from './prisma.js';
export { PrismaResourceStore } from './resources/prisma-resource-store.js';
export { PrismaIdempotencyStore } from './resources/prisma-idempotency-store.js';
export { AesGcmSealer } from './crypto/aes-gcm-sealer.js';
export { FileReferences } from './crypto/file-references.js';
export { createSealingKeyFile, readSealingKeys, type SealingKey } from './crypto/sealing-key.js';
