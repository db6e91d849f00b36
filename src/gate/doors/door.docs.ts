import type { OpenAPIObject } from '@nestjs/swagger';

type Paths = OpenAPIObject['paths'];
type Operation = NonNullable<Paths[string]['post']>;

const key = {
  name: 'key',
  in: 'path' as const,
  required: true,
  description: "The gate's key.",
  schema: { type: 'string' },
  example: 'users-app',
};
const behind = (description: string) => ({
  name: 'path',
  in: 'path' as const,
  required: true,
  description,
  schema: { type: 'string' },
  example: 'users/7/',
});
const secret = {
  name: 'X-Gate-Secret',
  in: 'header' as const,
  required: true,
  description: 'The secret by which the proxy authenticates itself.',
  schema: { type: 'string' },
};

const heldExample = {
  code: 'approval_required',
  requestId: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a31',
  orderId: '0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  status: 'waiting',
  statusUrl: '/api/v1/approve-requests/0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a31',
  detail: 'The request is held until it is approved.',
};
const text = { type: ['string', 'null'] } as never;
const held = (description: string) => ({
  description,
  content: {
    'application/json': {
      schema: {
        type: 'object' as const,
        properties: {
          code: { type: 'string' as const },
          requestId: text,
          orderId: text,
          status: { type: 'string' as const },
          statusUrl: text,
          detail: { type: 'string' as const },
        },
      },
      example: heldExample,
    },
  },
});
const plain = (description: string) => ({ description });

const answers = {
  '200': plain(
    'Whatever the system behind the gate answers, byte for byte; a held request where `hold` is 200.',
  ),
  '202': held('Held, where `hold` is 202; `Location` says where it stands.'),
  '400': plain('Path or method could be read in more than one way, and one of them is held.'),
  '401': held('Held, where `hold` is 401; or the caller is not known.'),
  '403': held('Held, where `hold` is 403; denied, expired or failed.'),
  '413': plain('The body of a request that is held is larger than GATE_BODY_LIMIT.'),
  '502': plain('The system behind the gate does not answer.'),
};

const operation = (
  id: string,
  more: Omit<Operation, 'responses' | 'tags'>,
  responses: object,
): Operation => ({
  tags: ['Gate'],
  operationId: `Doors.${id}`,
  ...more,
  responses: responses as Operation['responses'],
});

const sent = {
  summary: 'Send a request to the system behind the gate',
  description:
    'A reverse proxy, for every method. What no approve action names streams through; what one names is held until its ' +
    "order is approved. The caller's own bearer token tells who they are. Also at `/gate/{key}/proxy/{path}`.",
  parameters: [key, behind('Path and query of the request, as they are.')],
};
const authorization = {
  summary: 'Ask whether a request may pass',
  description:
    'For nginx `auth_request`, Traefik ForwardAuth, Envoy ext_authz and APISIX forward-auth; each tells the request in ' +
    'headers of its own (docs/gate.md). 200: it may; everything else: it may not.',
  parameters: [key, secret],
};
const recovery = {
  summary: 'Bring a request that `check` did not let pass, with its body',
  description:
    'For nginx, by `error_page 403`: from here on the gate does what its reverse proxy does. The path is in `X-Original-URI`.',
  parameters: [key, secret],
};
const checked = {
  '200': plain('It may pass.'),
  '401': held('Nobody knows who is calling.'),
  '403': held('It may not.'),
};

/** The doors in the OpenAPI document: they are mounted beside the framework that writes it. */
export const doorPaths: Paths = {
  '/api/v1/gate/{key}/proxy/{path}': {
    get: operation('read', sent, answers),
    post: operation('send', sent, answers),
    put: operation('replace', sent, answers),
    patch: operation('change', sent, answers),
    delete: operation('remove', sent, answers),
  },
  '/api/v1/gate/{key}/check': {
    get: operation('check', authorization, checked),
    post: operation('checkWithBody', authorization, checked),
  },
  '/api/v1/gate/{key}/hold': {
    get: operation('holdRead', recovery, answers),
    post: operation('hold', recovery, answers),
    put: operation('holdReplace', recovery, answers),
    patch: operation('holdChange', recovery, answers),
    delete: operation('holdRemove', recovery, answers),
  },
  '/api/v1/gate/{key}/submit': {
    post: operation(
      'submit',
      {
        summary: 'Describe a request, and ask whether it may be sent',
        description:
          'For programs that are behind no proxy. The body is at most one of `body` and `bodyBase64`.',
        parameters: [key, secret],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['method', 'url'],
                properties: {
                  method: { type: 'string' },
                  url: { type: 'string', description: 'Path and query, encoded.' },
                  host: { type: 'string' },
                  headers: { type: 'object', additionalProperties: true },
                  body: { type: 'string' },
                  bodyBase64: { type: 'string', format: 'byte' },
                  userCode: {
                    type: 'string',
                    description: 'Who asks, where the gate takes the word of its caller.',
                  },
                  accCode: { type: 'string' },
                },
              },
              example: {
                method: 'PUT',
                url: '/users/7/',
                headers: { 'content-type': 'application/json' },
                body: '{"name":"张三"}',
                userCode: 'ann',
              },
            },
          },
        },
      },
      {
        ...checked,
        '200': {
          description:
            '`free`: no action names it; `pass`: send it now, once; `executed`: it has been, with its answer.',
          content: { 'application/json': { example: { status: 'pass', requestId: heldExample.requestId } } },
        },
        '202': answers['202'],
      },
    ),
  },
};
