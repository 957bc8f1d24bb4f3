import { createWriteStream, type WriteStream } from 'node:fs';
import path from 'node:path';

/** One mutating call as it went: when it arrived, and when it had been carried out or refused. `outcome` is `OK`, an error code, `Dropped` when it took effect and no reply was sent, `Late` when it took effect after its connection was dropped. */
export interface LoggedRequest {
  readonly arrivedMs: number;
  readonly atMs: number;
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly outcome: string;
}

/** Appends every mutating call to `aws-requests.jsonl`, one line each, for whoever checks invariants afterwards. */
export class RequestLog {
  private readonly stream: WriteStream;

  constructor(dir: string) {
    this.stream = createWriteStream(path.join(dir, 'aws-requests.jsonl'), { flags: 'a' });
  }

  /** Resolves once the operating system has the line, so that a killed process has not lost it. */
  append(request: LoggedRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stream.write(`${JSON.stringify(request)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.stream.end(resolve));
  }
}

/** The parameters of a call without what nobody should read in a log. */
export function loggable(form: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...form]
      .filter(([key]) => key !== 'Version' && key !== 'Action')
      .map(([key, value]) => [key, key.endsWith('ClientSecret') ? '***' : value]),
  );
}
