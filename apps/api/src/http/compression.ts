import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Below this a reply fits a packet or two as it is. */
const thresholdBytes = 1_024;
/** As fast as gzip's default, and smaller. */
const brotliQuality = 4;

/** Replies and files go compressed to whoever takes it. The event stream doesn't: it is written to the socket itself. */
export async function compressReplies(nest: NestFastifyApplication): Promise<void> {
  await nest.register(compress, {
    threshold: thresholdBytes,
    encodings: ['br', 'gzip', 'identity'],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } },
    // a small request must not become a large one here
    globalDecompression: false,
  });
}
