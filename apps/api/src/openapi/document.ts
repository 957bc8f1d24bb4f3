import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Event, Problem } from '@sluice/contracts';
import { convertSchema } from './schemas.js';

const tags: readonly (readonly [string, string])[] = [
  ['projects', 'The tenant: owns everything below it.'],
  ['accounts', 'One AWS account and Region as we reach it.'],
  ['clusters', 'One Kubernetes cluster.'],
  ['routes', "One forward action: a listener's default action or one rule."],
  ['backends', 'A Service in a cluster as one share of a route.'],
  ['bindings', 'The TargetGroupBinding that a backend needs in its cluster.'],
  ['provisioning', 'What Sluice creates or adopts in AWS.'],
  ['plans', 'What should happen; its versions never change.'],
  ['rollouts', 'One run of one plan version, and its verbs.'],
  ['decisions', 'The ledger.'],
  ['events', 'Every change, as it happens.'],
  ['tokens', 'Who may call.'],
];

/** OpenAPI 3.1, made from the controllers: no second description to keep in step. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Sluice')
    .setVersion('v1')
    .setDescription(
      'Moves traffic between Kubernetes clusters that stand behind one AWS load balancer. Errors are RFC 9457 problems; every mutation takes an Idempotency-Key; `?dryRun=true` changes nothing and answers what would be.',
    )
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This server')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'A token of Sluice; the first one is made at the first start.',
    });
  for (const [name, description] of tags) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    standardSchemaConverter: convertSchema,
    operationIdFactory: (_controller, method) => method,
  });
  return finish(document);
}

/** What no controller refers to, in an order that doesn't change from run to run; bodies that may be left out. */
function finish(document: OpenAPIObject): OpenAPIObject {
  const extra = [Problem, Event].map((schema) => convertSchema(schema, { schemaType: 'output' })?.components ?? {});
  const schemas = { ...document.components?.schemas, ...Object.assign({}, ...extra) } as Schemas;
  const responses: Responses = {};
  for (const item of Object.values(document.paths)) {
    for (const operation of [item.get, item.post, item.put, item.patch, item.delete]) {
      if (operation !== undefined) operation.responses = shareProblems(operation.responses, responses);
      const body = operation?.requestBody;
      if (body !== undefined && 'content' in body && mayBeLeftOut.has(refOf(body.content['application/json']?.schema)))
        body.required = false;
    }
  }
  return {
    ...document,
    components: { ...document.components, schemas: sorted(schemas), responses: sorted(responses) },
  };
}

type Responses = NonNullable<NonNullable<OpenAPIObject['components']>['responses']>;

type ResponsesOf = NonNullable<OpenAPIObject['paths'][string]['get']>['responses'];

/** The same problem response stands once, under the types it can be: `InvalidInputOrMalformedBody`. */
function shareProblems(responses: ResponsesOf, shared: Responses): ResponsesOf {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      if (Number(status) < 400 || response === undefined || '$ref' in response) return [status, response];
      const types = [...(response.description ?? '').matchAll(/`([a-z-]+)`/g)].map(([, type]) => pascal(type ?? ''));
      shared[types.join('Or')] = response;
      return [status, { $ref: `#/components/responses/${types.join('Or')}` }];
    }),
  );
}

function pascal(type: string): string {
  return type.replace(/(^|-)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
const mayBeLeftOut = new Set(['#/components/schemas/NoBody', '#/components/schemas/OptionalReasonBody']);

function refOf(schema: object | undefined): string {
  return schema !== undefined && '$ref' in schema && typeof schema.$ref === 'string' ? schema.$ref : '';
}
