import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { useProjects } from '../api/queries.js';
import { chooseProject, useChosenProject } from './project.js';

export function ProjectSelect() {
  const projects = useProjects().data?.items;
  const chosen = useChosenProject();
  const [, navigate] = useLocation();
  const isGone = projects !== undefined && chosen !== undefined && !projects.some(({ id }) => id === chosen);
  useEffect(() => {
    if (isGone) chooseProject(undefined);
  }, [isGone]);
  if (projects === undefined || projects.length === 0) return null;
  return (
    <select
      className="select"
      aria-label="Project"
      value={chosen ?? ''}
      onChange={(event) => {
        chooseProject(event.target.value === '' ? undefined : event.target.value);
        navigate('/');
      }}
    >
      <option value="">All projects</option>
      {projects.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
