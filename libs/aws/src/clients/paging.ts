import { ExternalFailure } from '@sluice/control';

/** The largest page that the Describe calls of ELBv2 give. */
export const pageSize = 400;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

/**
 * Reads a list to its last page.
 * @throws ExternalFailure transient `RepeatedMarker` when a page points back to one already read
 */
export async function everyPage<Item>(
  operation: string,
  fetch: (marker: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  const seen = new Set<string>();
  let marker: string | undefined;
  do {
    const page = await fetch(marker);
    items.push(...page.items);
    marker = page.next === '' ? undefined : page.next;
    if (marker !== undefined && seen.has(marker)) {
      throw new ExternalFailure({
        system: 'aws',
        kind: 'transient',
        code: 'RepeatedMarker',
        message: `${operation} sent the same page marker twice, so its list cannot be read to the end. Try again; if it stays, check the endpoint of the account.`,
      });
    }
    if (marker !== undefined) seen.add(marker);
  } while (marker !== undefined);
  return items;
}

/** AWS answered with success, but not with what a success of this call carries: no data, not "not there". */
export function unreadableReply(operation: string, subject: string, lacks: string): ExternalFailure {
  return new ExternalFailure({
    system: 'aws',
    kind: 'transient',
    code: 'UnreadableReply',
    message: `${operation} (${subject}) succeeded but its reply has no ${lacks}. A proxy may be answering in the place of AWS; check the endpoint of the account.`,
  });
}
