import Fastify from 'fastify';
import { faultCatalogue } from './fault-catalogue.js';
import type { FaultName, Faults } from './faults.js';

export interface RunningControl {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Faults over HTTP, on loopback: `GET /faults` (what is on, and what there is), `PUT /faults/{name}` with a JSON body,
 * `DELETE /faults/{name}`, `DELETE /faults`. `GET /` says which sandbox this is.
 */
export async function startControl(options: { port: number; faults: Faults; dir: string }): Promise<RunningControl> {
  const { faults } = options;
  const app = Fastify({ forceCloseConnections: true });
  app.get('/', () => ({ sandbox: options.dir, pid: process.pid }));
  app.get('/faults', () => ({
    active: faults.all(),
    available: Object.fromEntries(
      Object.entries(faultCatalogue).map(([name, { says, schema }]) => [name, { says, body: schema }]),
    ),
  }));
  app.put<{ Params: { name: string } }>('/faults/:name', async (request, reply) => {
    const result = faults.setUnchecked(request.params.name, request.body ?? {});
    if (result.kind === 'refused')
      return reply
        .code(result.reason === 'UnknownFault' ? 404 : 400)
        .send({ reason: result.reason, detail: result.detail });
    return reply.code(204).send();
  });
  app.delete<{ Params: { name: string } }>('/faults/:name', async (request, reply) => {
    const { name } = request.params;
    if (!isFault(name))
      return reply.code(404).send({
        reason: 'UnknownFault',
        detail: `There is no fault "${name}". There are: ${Object.keys(faultCatalogue).join(', ')}.`,
      });
    faults.clear(name);
    return reply.code(204).send();
  });
  app.delete('/faults', async (_request, reply) => {
    faults.clearAll();
    return reply.code(204).send();
  });
  const url = await app.listen({ host: '127.0.0.1', port: options.port });
  return { url, port: Number(new URL(url).port), stop: () => app.close() };
}

function isFault(name: string): name is FaultName {
  return Object.hasOwn(faultCatalogue, name);
}
