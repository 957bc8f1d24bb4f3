import { request } from 'undici';

/** The sandbox's network: which address of the VPC is which local port. Kept by the data plane, spoken to over HTTP. */
export class NetworkRegistry {
  /** `cluster` is told with each address, so that faults can be aimed at one cluster's targets. */
  constructor(
    private readonly url: string,
    private readonly cluster: string,
  ) {}

  /** `address` is `ip:port` of a pod, or `i-…:nodePort` of a node. */
  async put(address: string, localPort: number): Promise<void> {
    await this.call('PUT', address, { host: '127.0.0.1', port: localPort, cluster: this.cluster });
  }

  async remove(address: string): Promise<void> {
    await this.call('DELETE', address);
  }

  private async call(method: 'PUT' | 'DELETE', address: string, body?: object): Promise<void> {
    const answer = await request(`${this.url.replace(/\/$/, '')}/network/endpoints/${address}`, {
      method,
      headersTimeout: 10_000,
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    });
    await answer.body.dump();
    const isGone = method === 'DELETE' && answer.statusCode === 404;
    if (answer.statusCode >= 400 && !isGone)
      throw new Error(`the network registry at ${this.url} answered ${answer.statusCode} to ${method} ${address}`);
  }
}
