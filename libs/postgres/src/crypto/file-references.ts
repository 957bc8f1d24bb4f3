import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { References } from '@sluice/control';
import { Conflict, type FieldIssue } from '@sluice/domain';

const largestSecretBytes = 64 * 1024;

/** References of the form `file:/path`, in one directory and nowhere else, symbolic links resolved. */
export class FileReferences extends References {
  readonly #directory: string | null;

  /** null: no reference is accepted. */
  constructor(directory: string | null) {
    super();
    this.#directory = directory === null ? null : path.resolve(directory);
  }

  check(field: string, reference: string): FieldIssue | null {
    if (this.#directory === null)
      return { field, message: 'references are switched off: this server was started without a directory for them' };
    const file = fileOf(reference);
    if (file === null) return { field, message: 'must be file: followed by an absolute path' };
    if (!isInside(this.#directory, path.resolve(file)))
      return { field, message: `must name a file in ${this.#directory}` };
    return null;
  }

  async read(reference: string): Promise<string> {
    const issue = this.check('reference', reference);
    if (issue) throw new Conflict('ReferenceUnreadable', `${reference}: ${issue.message}`);
    try {
      return await this.#contents(fileOf(reference) ?? '');
    } catch (error) {
      if (error instanceof Conflict) throw error;
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      throw new Conflict(
        'ReferenceUnreadable',
        `${reference} can't be read (${code}): put the file there, readable by this process`,
      );
    }
  }

  async #contents(file: string): Promise<string> {
    // the real paths, so that a link inside can't lead outside
    const [directory, real] = await Promise.all([realpath(this.#directory ?? ''), realpath(file)]);
    if (!isInside(directory, real))
      throw new Conflict('ReferenceUnreadable', `file:${file} leads out of the directory for references`);
    const handle = await open(real, 'r');
    try {
      const { size } = await handle.stat();
      if (size > largestSecretBytes)
        throw new Conflict(
          'ReferenceUnreadable',
          `file:${file} has ${size} bytes; a credential has at most ${largestSecretBytes}`,
        );
      return (await handle.readFile('utf8')).replace(/\r?\n$/, '');
    } finally {
      await handle.close();
    }
  }
}

function fileOf(reference: string): string | null {
  const file = reference.startsWith('file:') ? reference.slice('file:'.length).replace(/^\/\/(?=\/)/, '') : '';
  return path.isAbsolute(file) && !file.includes('\0') ? file : null;
}

function isInside(directory: string, file: string): boolean {
  const relative = path.relative(directory, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
