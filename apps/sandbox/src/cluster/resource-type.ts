import type { FieldError } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import type { Schema } from './schema.js';

/** One column of `kubectl get`. Priority above 0 shows only with `-o wide`. */
export interface Column {
  readonly name: string;
  readonly type?: 'string' | 'integer' | 'date';
  readonly priority?: number;
  readonly description?: string;
  cell(object: KubeObject): string | number | null;
}

/** What a kind's own rules may ask of the cluster while an object is written. */
export interface WriteContext {
  /** All objects of a kind of the core group, by plural. */
  listCore(plural: string): KubeObject[];
  readonly now: Date;
}

/** One kind that the cluster serves. Discovery, routing, OpenAPI, validation and tables are all read from here. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly hasStatus: boolean;
  /** Whether `metadata.generation` counts changes outside metadata and status. */
  readonly hasGeneration: boolean;
  /** Whether it comes from a CRD: its own media types, pruning and update rules. */
  readonly isCustom: boolean;
  readonly schema: Schema;
  readonly columns: readonly Column[];
  /** Fields besides metadata.name and metadata.namespace that a fieldSelector may name. */
  readonly fieldSelectors?: readonly string[];
  /** Names follow RFC 1123 subdomains unless the kind is stricter or looser. */
  readonly nameRule?: 'subdomain' | 'label' | 'path';
  /** Fills in what is left out, from the object alone. Whoever writes the object owns these fields with it. */
  setDefaults?(object: KubeObject): void;
  /** Fills in what the cluster assigns (addresses, ports), which nobody owns; `before` is absent on create. */
  prepare?(object: KubeObject, before: KubeObject | undefined, context: WriteContext): void;
  /** Rules beyond the schema. */
  validate?(object: KubeObject, before: KubeObject | undefined): FieldError[];
}

export const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}
