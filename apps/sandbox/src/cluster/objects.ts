import { Admission, type AdmissionRequest } from './admission.js';
import type { User } from './authentication.js';
import { recordAt, stringAt } from './json.js';
import { KubeError, kubeErrors } from './kube-error.js';
import type { KubeObject } from './kube-object.js';
import { checkPreconditions, graceOf, marked, scoped, startingAs } from './object-lifecycle.js';
import {
  asObjectOf,
  checkObject,
  dropUnknown,
  generateName,
  isSameObject,
  isSpecChanged,
  placeAt,
  type FieldValidation,
} from './object-rules.js';
import { apply, isManagedFieldsGiven, ownAfterUpdate } from './ownership.js';
import { jsonPatch, mergePatch, strategicMergePatch } from './patch.js';
import type { ResourceType, WriteContext } from './resource-type.js';
import { namespaces } from './resources/core.js';
import type { Store } from './store.js';
import { duplicates, mistyped, undeclared } from './typed-check.js';

export interface WriteOptions {
  readonly user: User;
  readonly fieldManager: string;
  readonly isDryRun: boolean;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
  /** Gathers what the client is warned of. */
  readonly warnings: string[];
  /** Called when an apply turns out to create: it must be allowed too. */
  mayCreate(): void;
}

export interface Place {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string;
}

export type PatchKind = 'apply' | 'merge' | 'json' | 'strategic';

export interface Written {
  readonly object: KubeObject;
  readonly isNew: boolean;
}

const patchAttempts = 5;

/** The writes of the API: ownership, defaults, admission, schema, generation and finalizers, in the order of the real one. */
export class Objects {
  private readonly admission: Admission;

  constructor(
    private readonly store: Store,
    private readonly types: readonly ResourceType[],
  ) {
    this.admission = new Admission(store);
  }

  async create(
    type: ResourceType,
    namespace: string | undefined,
    body: unknown,
    options: WriteOptions,
  ): Promise<KubeObject> {
    const object = dropUnknown(type, asObjectOf(type, body), options.fieldValidation, options.warnings);
    placeAt(type, object, namespace, undefined);
    generateName(object);
    type.setDefaults?.(object);
    return this.insert(
      type,
      ownAfterUpdate(
        type,
        undefined,
        startingAs(type, object),
        { manager: options.fieldManager, operation: 'Update', subresource: '' },
        new Date(),
      ),
      options,
    );
  }

  async update(type: ResourceType, place: Place, body: unknown, options: WriteOptions): Promise<Written> {
    const before = this.mustFind(type, place);
    const sent = dropUnknown(type, asObjectOf(type, body), options.fieldValidation, options.warnings);
    placeAt(type, sent, place.namespace, place.name);
    const given = sent.metadata.resourceVersion;
    if (given === undefined && type.isCustom) {
      throw kubeErrors.invalid(type.plural, type.group, place.name, [
        {
          type: 'FieldValueInvalid',
          field: 'metadata.resourceVersion',
          message: 'Invalid value: 0: must be specified for an update',
        },
      ]);
    }
    if (given !== undefined && given !== before.metadata.resourceVersion) throw kubeErrors.modified(type, place.name);
    return {
      object: await this.replace(type, before, this.owned(type, before, sent, place, options), place, options),
      isNew: false,
    };
  }

  async patch(
    type: ResourceType,
    place: Place,
    kind: PatchKind,
    body: unknown,
    options: WriteOptions,
  ): Promise<Written> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.patchOnce(type, place, kind, body, options);
      } catch (error) {
        const isRace = error instanceof LostRace;
        if (!isRace || attempt === patchAttempts) throw isRace ? kubeErrors.modified(type, place.name) : error;
      }
    }
  }

  /** Marks or removes; the answer is the object as it now is, and whether it is gone. */
  async delete(
    type: ResourceType,
    place: Place,
    body: unknown,
    options: WriteOptions,
  ): Promise<{ object: KubeObject; isGone: boolean }> {
    const object = this.mustFind(type, place);
    checkPreconditions(type, object, recordAt(body, 'preconditions'));
    await this.admission.validate(this.review(type, place, options, 'DELETE', undefined, object));
    const current = this.mustFind(type, place);
    const graceSeconds = graceOf(type, current, body);
    const mustWait = (current.metadata.finalizers ?? []).length > 0 || graceSeconds > 0 || type === namespaces;
    if (!mustWait) return { object: options.isDryRun ? current : this.store.remove(type, current), isGone: true };
    const isMarked = current.metadata.deletionTimestamp !== undefined;
    if (isMarked || options.isDryRun) return { object: current, isGone: false };
    return { object: this.store.put(type, marked(type, current, graceSeconds)), isGone: false };
  }

  private async patchOnce(
    type: ResourceType,
    place: Place,
    kind: PatchKind,
    body: unknown,
    options: WriteOptions,
  ): Promise<Written> {
    const before = this.store.get(type, place.namespace, place.name);
    if (kind === 'apply') return this.applyOnce(type, place, before, body, options);
    if (before === undefined) throw kubeErrors.notFound(type, place.name);
    const act = { merge: mergePatch, json: jsonPatch, strategic: strategicMergePatch }[kind];
    const sent = dropUnknown(
      type,
      asObjectOf(type, act(before, body)),
      options.fieldValidation,
      options.warnings,
      'patch',
    );
    placeAt(type, sent, place.namespace, place.name);
    if (sent.metadata.resourceVersion !== before.metadata.resourceVersion) throw kubeErrors.modified(type, place.name);
    return {
      object: await this.replace(type, before, this.owned(type, before, sent, place, options), place, options),
      isNew: false,
    };
  }

  private async applyOnce(
    type: ResourceType,
    place: Place,
    before: KubeObject | undefined,
    body: unknown,
    options: WriteOptions,
  ): Promise<Written> {
    if (options.fieldManager === '') {
      throw new KubeError(
        422,
        'Invalid',
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        {
          group: 'meta.k8s.io',
          kind: 'PatchOptions',
          causes: [
            {
              reason: 'FieldValueRequired',
              message: 'Required value: is required for apply patch',
              field: 'fieldManager',
            },
          ],
        },
      );
    }
    const applied = asObjectOf(type, body);
    if (isManagedFieldsGiven(body)) throw kubeErrors.badRequest('metadata.managedFields must be nil');
    checkTyped(type, applied);
    placeAt(type, applied, place.namespace, place.name);
    const given = applied.metadata.resourceVersion;
    if (given !== undefined && given !== before?.metadata.resourceVersion) throw kubeErrors.modified(type, place.name);
    const writer = { manager: options.fieldManager, operation: 'Apply' as const, subresource: place.subresource };
    const result = apply(type, before, applied, writer, options.force, new Date());
    if (before !== undefined) return { object: await this.replace(type, before, result, place, options), isNew: false };
    if (place.subresource !== '') throw kubeErrors.notFound(type, place.name);
    options.mayCreate();
    placeAt(type, result, place.namespace, place.name);
    return { object: await this.insert(type, startingAs(type, result), options), isNew: true };
  }

  /** `sent` restricted to what the subresource may change, with ownership as after an update. */
  private owned(
    type: ResourceType,
    before: KubeObject,
    sent: KubeObject,
    place: Place,
    options: WriteOptions,
  ): KubeObject {
    const writer = { manager: options.fieldManager, operation: 'Update' as const, subresource: place.subresource };
    const wanted = structuredClone(scoped(type, before, sent, place.subresource));
    if (place.subresource === '') type.setDefaults?.(wanted);
    return ownAfterUpdate(type, before, wanted, writer, new Date());
  }

  private async insert(type: ResourceType, object: KubeObject, options: WriteOptions): Promise<KubeObject> {
    this.checkNamespace(type, object);
    const place: Place = { namespace: object.metadata.namespace, name: object.metadata.name, subresource: '' };
    type.setDefaults?.(object);
    type.prepare?.(object, undefined, this.context());
    const admitted =
      (await this.admission.mutate(this.review(type, place, options, 'CREATE', object, undefined))) ?? object;
    checkObject(type, admitted, undefined);
    await this.admission.validate(this.review(type, place, options, 'CREATE', admitted, undefined));
    this.checkNamespace(type, admitted);
    if (this.store.get(type, place.namespace, place.name)) throw kubeErrors.alreadyExists(type, place.name);
    return options.isDryRun ? admitted : this.store.put(type, admitted);
  }

  private async replace(
    type: ResourceType,
    before: KubeObject,
    wanted: KubeObject,
    place: Place,
    options: WriteOptions,
  ): Promise<KubeObject> {
    const object = structuredClone(scoped(type, before, wanted, place.subresource));
    if (place.subresource === '') {
      type.setDefaults?.(object);
      type.prepare?.(object, before, this.context());
    }
    const admitted =
      (await this.admission.mutate(this.review(type, place, options, 'UPDATE', object, before))) ?? object;
    checkObject(type, admitted, before);
    await this.admission.validate(this.review(type, place, options, 'UPDATE', admitted, before));
    if (type.hasGeneration && isSpecChanged(before, admitted))
      admitted.metadata.generation = (before.metadata.generation ?? 0) + 1;
    if (isSameObject(before, admitted)) return before;
    if (options.isDryRun) return admitted;
    const current = this.store.get(type, place.namespace, place.name);
    if (
      current?.metadata.resourceVersion !== before.metadata.resourceVersion ||
      current?.metadata.uid !== before.metadata.uid
    ) {
      if (current === undefined) throw kubeErrors.notFound(type, place.name);
      throw new LostRace(type, place.name);
    }
    const isFinished =
      admitted.metadata.deletionTimestamp !== undefined &&
      (admitted.metadata.finalizers ?? []).length === 0 &&
      (before.metadata.finalizers ?? []).length > 0;
    return isFinished ? this.store.remove(type, admitted) : this.store.put(type, admitted);
  }

  private review(
    type: ResourceType,
    place: Place,
    options: WriteOptions,
    operation: AdmissionRequest['operation'],
    object: KubeObject | undefined,
    oldObject: KubeObject | undefined,
  ): AdmissionRequest {
    return {
      type,
      operation,
      subresource: place.subresource,
      object,
      oldObject,
      user: options.user,
      isDryRun: options.isDryRun,
    };
  }

  private mustFind(type: ResourceType, place: Place): KubeObject {
    const object = this.store.get(type, place.namespace, place.name);
    if (object === undefined) throw kubeErrors.notFound(type, place.name);
    return object;
  }

  private checkNamespace(type: ResourceType, object: KubeObject): void {
    if (!type.namespaced) return;
    const name = object.metadata.namespace ?? '';
    const namespace = this.store.get(namespaces, undefined, name);
    if (namespace === undefined) throw kubeErrors.namespaceNotFound(name);
    if (stringAt(namespace, 'status', 'phase') === 'Terminating') {
      throw kubeErrors.forbidden(
        type,
        object.metadata.name,
        `unable to create new content in namespace ${name} because it is being terminated`,
      );
    }
  }

  private context(): WriteContext {
    return {
      now: new Date(),
      listCore: (plural) => {
        const type = this.types.find((each) => each.group === '' && each.plural === plural);
        return type ? this.store.list(type) : [];
      },
    };
  }
}

/** Somebody else wrote between reading and writing. */
class LostRace extends KubeError {
  constructor(type: ResourceType, name: string) {
    const { code, reason, message, details } = kubeErrors.modified(type, name);
    super(code, reason, message, details);
  }
}

function checkTyped(type: ResourceType, applied: KubeObject): void {
  const [problem] = [
    ...undeclared(type.schema, applied).map((path) => `${path}: field not declared in schema`),
    ...mistyped(type.schema, applied),
    ...duplicates(type.schema, applied),
  ];
  if (problem === undefined) return;
  const { name, namespace } = applied.metadata;
  throw new KubeError(
    500,
    '',
    `failed to create typed patch object (${namespace ?? ''}/${name}; ${type.group}/${type.version}, Kind=${type.kind}): ${problem}`,
  );
}
