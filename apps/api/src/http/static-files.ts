import send from '@fastify/send';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Sends a file below `root`; a path that leaves it, a folder and a missing file are all "not found". `forever`: its name changes with its content. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  root: string,
  file: string,
  forever = false,
): Promise<void> {
  const found = await send(request.raw, file, { root, index: false, dotfiles: 'ignore', cacheControl: false });
  if (found.type !== 'file') {
    found.stream.destroy();
    return reply.callNotFound();
  }
  await reply
    .status(found.statusCode)
    .headers({ ...found.headers, 'cache-control': forever ? 'public, max-age=31536000, immutable' : 'no-cache' })
    .send(found.stream);
}
