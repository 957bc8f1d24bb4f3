import { textOf, valueAt } from '../json.js';
import { kindSchema, ageColumn, nameColumn } from '../resources/metadata.js';
import { allVerbs, type Column, type ResourceType } from '../resource-type.js';
import { bindingColumns, bindingGroups, type BindingGroup } from './target-group-binding-crd.js';
import { targetGroupBindingSpec, targetGroupBindingStatus } from './target-group-binding-schema.js';

/** TargetGroupBinding as one of the cluster's kinds. */
export function targetGroupBindings(of: BindingGroup): ResourceType {
  return {
    ...bindingGroups[of],
    kind: 'TargetGroupBinding',
    plural: 'targetgroupbindings',
    singular: 'targetgroupbinding',
    namespaced: true,
    verbs: allVerbs,
    hasStatus: true,
    hasGeneration: true,
    isCustom: true,
    schema: kindSchema({ spec: targetGroupBindingSpec, status: targetGroupBindingStatus }),
    columns: [nameColumn, ...bindingColumns.map(toColumn)],
  };
}

function toColumn(column: (typeof bindingColumns)[number]): Column {
  if (column.type === 'date') return { ...ageColumn, name: column.name };
  const path = column.jsonPath.slice(1).split('.');
  return {
    name: column.name,
    description: column.description,
    ...('priority' in column ? { priority: column.priority } : {}),
    cell: (object) => {
      const value = valueAt(object, ...path);
      return value === undefined ? null : textOf(value);
    },
  };
}
