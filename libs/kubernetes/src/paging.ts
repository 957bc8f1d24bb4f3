import { ApiRefusal } from './api-reply.js';

/** Objects per page; the API server keeps a `continue` token for about five minutes. */
const pageSize = 500;
const restarts = 3;

/** What a page needs to have: typed clients name the token `_continue`, untyped replies `continue`. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly continue?: string; readonly _continue?: string };
}

/** Where a page starts and how long it may be, as the clients want it. */
export interface PageRequest {
  readonly limit: number;
  readonly _continue?: string;
}

/** Reads a whole list page by page; when the list's version has expired (410) it starts again, three times at most. */
export async function wholeList<T>(readPage: (request: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await everyPage(readPage);
    } catch (error) {
      const expired = error instanceof ApiRefusal && error.httpStatus === 410;
      if (!expired || attempt >= restarts) throw error;
    }
  }
}

async function everyPage<T>(readPage: (request: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let request: PageRequest = { limit: pageSize };
  for (;;) {
    const page = await readPage(request);
    items.push(...page.items);
    const next = page.metadata?._continue ?? page.metadata?.continue ?? '';
    if (next === '') return items;
    request = { limit: pageSize, _continue: next };
  }
}
