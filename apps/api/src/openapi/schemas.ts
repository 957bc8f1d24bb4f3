import { z } from 'zod';

type Json = Record<string, unknown>;

/** `default` makes a field optional in a request and certain in a reply: then both forms of a schema have to be told apart. */
const readSuffix = 'Read';

/** For @nestjs/swagger: a zod schema as JSON Schema 2020-12 with its named parts as components. */
export function convertSchema(
  schema: unknown,
  { schemaType }: { schemaType: 'input' | 'output' },
): { schema: Json; components: Record<string, Json> } | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const { root, components } = jsonSchema(schema, schemaType);
  const differing =
    schemaType === 'input' ? new Set<string>() : differingNames(jsonSchema(schema, 'input').components, components);
  const rename = (value: unknown): unknown => rewriteRefs(value, differing);
  return {
    schema: rename(root) as Json,
    components: Object.fromEntries(
      Object.entries(components).map(([name, part]) => [
        differing.has(name) ? `${name}${readSuffix}` : name,
        rename(part) as Json,
      ]),
    ),
  };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): { root: Json; components: Record<string, Json> } {
  const {
    $schema: _dialect,
    $defs,
    ...root
  } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', override: openReplies }) as Json & {
    $defs?: Record<string, Json>;
  };
  return { root, components: $defs ?? {} };
}

/** A reply may grow fields: only what people send is closed. */
function openReplies({ zodSchema, jsonSchema: made }: { zodSchema: z.core.$ZodTypes; jsonSchema: Json }): void {
  const { def } = zodSchema._zod;
  if (def.type === 'object' && def.catchall === undefined) delete made['additionalProperties'];
}

/** Names whose own two forms differ. What merely refers to them is either sent or answered, never both. */
function differingNames(input: Record<string, Json>, output: Record<string, Json>): Set<string> {
  return new Set(
    Object.keys(output).filter(
      (name) =>
        input[name] !== undefined &&
        JSON.stringify(withoutClosing(input[name])) !== JSON.stringify(withoutClosing(output[name])),
    ),
  );
}

/** A reply is open and a request closed: alone, that is no difference worth a second name. */
function withoutClosing(part: Json | undefined): unknown {
  return JSON.parse(
    JSON.stringify(part, (key, value: unknown) =>
      key === 'additionalProperties' && value === false ? undefined : value,
    ),
  );
}

function rewriteRefs(value: unknown, renamed: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => rewriteRefs(item, renamed));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key !== '$ref' || typeof inner !== 'string') return [key, rewriteRefs(inner, renamed)];
      const name = inner.replace('#/$defs/', '');
      return [key, `#/components/schemas/${name}${renamed.has(name) ? readSuffix : ''}`];
    }),
  );
}
