import { isOurs, ourTags } from '@sluice/domain';
import type { ProvisionedResource } from '../resources/types.js';

/** Whether these tags say that this very record's creation made it: then, and only then, clean-up may delete it. */
export function carriesOurMark(
  tags: Readonly<Record<string, string>>,
  resource: Pick<ProvisionedResource, 'id' | 'projectId'>,
): boolean {
  return isOurs(tags) && tags[ourTags.project] === resource.projectId && tags[ourTags.resource] === resource.id;
}
