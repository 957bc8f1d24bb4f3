// Ports on the loopback interface.
import net from 'node:net';

/** A port that is free now, chosen by the system; `preferred` if that one is. Whoever uses it may still come too late. */
export async function freePort(preferred = 0) {
  const port = await tryListen(preferred);
  return port ?? (await tryListen(0));
}

function tryListen(port) {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error) => (port === 0 ? reject(error) : resolve(undefined)));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const chosen = server.address().port;
      server.close(() => resolve(chosen));
    });
  });
}
