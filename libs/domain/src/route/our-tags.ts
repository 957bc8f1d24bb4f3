/** Tags on everything in AWS that we created; clean-up removes exactly what carries them. */
export const ourTags = {
  managedBy: 'sluice.dev/managed-by',
  project: 'sluice.dev/project',
  resource: 'sluice.dev/resource',
} as const;

export const ourManager = 'sluice';

/** The tags for something we create: whose it is, and which of the project's things it is. */
export function tagsOfOurs(projectId: string, resource: string): Readonly<Record<string, string>> {
  return { [ourTags.managedBy]: ourManager, [ourTags.project]: projectId, [ourTags.resource]: resource };
}

export function isOurs(tags: Readonly<Record<string, string>>): boolean {
  return tags[ourTags.managedBy] === ourManager;
}
