import { readFile } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** Remembers in `ports.json` on which port each part listened, so that addresses stay the same from start to start. */
export class Ports {
  private constructor(
    private readonly file: string,
    private readonly remembered: Record<string, number>,
  ) {}

  static async open(dir: string): Promise<Ports> {
    const file = path.join(dir, 'ports.json');
    const text = await readFile(file, 'utf8').catch(() => '{}');
    return new Ports(file, JSON.parse(text) as Record<string, number>); // written by `start` alone
  }

  /** Starts a part on the wanted port (0 or undefined: the one of last time), or on a free one if that is taken. */
  async start<T extends { readonly port: number }>(
    name: string,
    wanted: number | undefined,
    start: (port: number) => Promise<T>,
  ): Promise<T> {
    const port = wanted || this.remembered[name] || 0;
    const started = await start(port).catch((error: unknown) => {
      if (port === 0 || !isTaken(error)) throw error;
      return start(0);
    });
    if (this.remembered[name] !== started.port) {
      this.remembered[name] = started.port;
      await writeFileAtomic(this.file, `${JSON.stringify(this.remembered, null, 2)}\n`, { fsync: false });
    }
    return started;
  }
}

function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EADDRINUSE' || code === 'EACCES';
}
