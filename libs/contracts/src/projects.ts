import { z } from 'zod';
import { Name, pageOf, stored } from './common.js';

export const Project = z
  .object({ ...stored, name: z.string() })
  .meta({ id: 'Project', description: 'The tenant: owns everything below it.' });
export type Project = z.infer<typeof Project>;

export const CreateProject = z
  .strictObject({ name: Name })
  .meta({ id: 'CreateProject', description: 'A new project.', examples: [{ name: 'shop' }] });
export type CreateProject = z.input<typeof CreateProject>;

export const ProjectPage = pageOf(Project, 'Project');
