import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One node port: a local TCP port that hands each connection to the next pod of the Service, as kube-proxy does. */
export class NodePort {
  private next = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private localPorts: () => readonly number[],
  ) {}

  /** `localPorts` are those of the pods that are ready now. */
  static async start(localPorts: () => readonly number[]): Promise<NodePort> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    const nodePort = new NodePort(server, (server.address() as AddressInfo).port, localPorts); // bound to an IP
    server.on('connection', (socket) => nodePort.handOver(socket));
    return nodePort;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private handOver(socket: Socket): void {
    const ports = this.localPorts();
    const port = ports[this.next++ % Math.max(1, ports.length)];
    if (port === undefined) return void socket.destroy();
    const pod = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [socket, pod],
      [pod, socket],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
    socket.pipe(pod).pipe(socket);
  }
}
