import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/**
 * The OpenAPI 3.1 document of an application.
 * @param beside routes that are mounted beside the framework
 */
export function describeApi(app: INestApplication, beside: OpenAPIObject['paths']): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Countersign')
    .setDescription(
      'Approval service (审批/申请单). Errors are `application/problem+json` with a stable `code`. ' +
        'Every POST takes an `Idempotency-Key`. Lists answer `{items, nextCursor}`.',
    )
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'token')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'api-key')
    .addSecurityRequirements('token')
    .addSecurityRequirements('api-key');
  const document = completed(
    SwaggerModule.createDocument(app, builder.build(), {
      operationIdFactory: (controller, method) => `${controller.replace('Controller', '')}.${method}`,
    }),
  );
  return { ...document, paths: { ...document.paths, ...beside } };
}

/** Swagger UI at /docs, the document at /docs-json. */
export function serveDocumentation(app: INestApplication, beside: OpenAPIObject['paths']): void {
  SwaggerModule.setup('docs', app, () => describeApi(app, beside), { jsonDocumentUrl: 'docs-json' });
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;
type Schema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

/** Says once for all routes what the decorators would have to repeat: keys, media types of errors, sample bodies. */
function completed(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {};
  for (const item of Object.values(document.paths)) {
    if (item.post) item.post.parameters = [...(item.post.parameters ?? []), idempotencyKey];
    for (const operation of [item.get, item.put, item.post, item.patch, item.delete]) {
      if (!operation) continue;
      describeAnswers(operation);
      const body = operation.requestBody;
      const json = body && 'content' in body ? body.content['application/json'] : undefined;
      if (json?.schema && '$ref' in json.schema) {
        json.example = sampleOf(schemas[json.schema.$ref.split('/').at(-1) ?? '']);
      }
    }
  }
  return document;
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'The same key and body within 24 hours answer the first answer again.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const answered: Readonly<Record<string, string>> = { 200: 'Done.', 201: 'Made.', 204: 'Gone.' };

function describeAnswers(operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || '$ref' in response) continue;
    response.description ||= answered[status] ?? '';
    const json = response.content?.['application/json'];
    if (Number(status) >= 400 && json) response.content = { 'application/problem+json': json };
  }
}

/** The fields that have an example; what has only `examples` is for special callers, who know to add it. */
function sampleOf(schema: Schema | undefined): Record<string, unknown> {
  if (!schema || '$ref' in schema) return {};
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    '$ref' in field || field.example === undefined ? [] : [[name, field.example as unknown]],
  );
  return Object.fromEntries(fields) as Record<string, unknown>;
}
