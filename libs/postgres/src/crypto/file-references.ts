import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { References } from '@sluice/control';
import { Conflict, type FieldIssue } from '@sluice/domain';

const largestSecretBytes = 64 * 1024;
const form = /^file:([A-Za-z0-9][A-Za-z0-9._-]{0,199})$/;
const projectFolder = /^[a-z0-9_]{1,64}$/;

/**
 * References of the form `file:name`: the file of that name in `<directory>/<project id>/`. A name holds no path, so no
 * reference says anything about another project's folder; links are resolved and must end in the project's own.
 */
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
    if (form.test(reference)) return null;
    return { field, message: "must be file: followed by the name of a file in the project's folder for references" };
  }

  async read(projectId: string, reference: string): Promise<string> {
    const issue = this.check('reference', reference);
    if (issue) throw new Conflict('ReferenceUnreadable', `${reference}: ${issue.message}`);
    const secret = await this.#contents(projectId, form.exec(reference)?.[1] ?? '').catch(() => null);
    if (secret !== null) return secret;
    throw new Conflict(
      'ReferenceUnreadable',
      `${reference} can't be read: the operator of this server puts it into the folder ${projectId} of the directory for references, a file of 64 KB at most that this process may read`,
    );
  }

  /** null where there is nothing that may be read. */
  async #contents(projectId: string, name: string): Promise<string | null> {
    if (this.#directory === null || !projectFolder.test(projectId)) return null;
    const folder = await realpath(path.join(this.#directory, projectId));
    const real = await realpath(path.join(folder, name));
    // mounted secrets are links within the folder; one that leads out of it would be another project's way in
    if (!real.startsWith(folder + path.sep)) return null;
    // without O_NONBLOCK a named pipe would be waited for
    const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || stat.size > largestSecretBytes) return null;
      return (await handle.readFile('utf8')).replace(/\r?\n$/, '');
    } finally {
      await handle.close();
    }
  }
}
