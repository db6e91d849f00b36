import { invalid } from '../../http/problem.js';
import { compileTemplate, type PathTemplate } from '../reading/templates.js';
import { actionMethods } from '../vocabulary.js';
import { maxDescription, maxName } from './actions.dto.js';

/** An operation that an action can name. */
export interface DocumentedOperation {
  /** With the path of its server in front. */
  readonly path: string;
  /** In upper case. */
  readonly method: string;
  readonly name: string;
  readonly description: string | null;
  readonly template: PathTemplate;
}

/** A part of a document that no action can name. */
export interface UnfitOperation {
  readonly path: string;
  /** In upper case; null for a path as a whole. */
  readonly method: string | null;
  readonly reason: string;
}

export interface ReadDocument {
  readonly operations: readonly DocumentedOperation[];
  readonly unfit: readonly UnfitOperation[];
}

type Fields = Readonly<Record<string, unknown>>;

const maxOperations = 1_000;
const methods: readonly string[] = [...actionMethods, 'HEAD', 'OPTIONS', 'TRACE'];
const unfitMethod = `actions name ${actionMethods.join(', ')} alone`;

/**
 * The operations of an OpenAPI 3 or Swagger 2.0 document. What cannot be read of it is told item by item.
 * @throws Problem 400 for what is no such document, has no paths, or more than 1,000 operations
 */
export function readDocument(document: unknown): ReadDocument {
  const fields = fieldsOf(document);
  if (!fields || !isVersion(fields)) {
    throw invalid(
      'document',
      'must be an OpenAPI 3 or Swagger 2.0 document: it says so in openapi or swagger',
    );
  }
  const paths = fieldsOf(fields.paths);
  // Names that begin so are the document's own additions.
  const entries = Object.entries(paths ?? {}).filter(([path]) => !path.startsWith('x-'));
  if (entries.length === 0) throw invalid('document', 'holds no paths');
  const operations: DocumentedOperation[] = [];
  const unfit: UnfitOperation[] = [];
  for (const [path, item] of entries) {
    for (const found of operationsOf(fields, path, item)) {
      if ('reason' in found) unfit.push(found);
      else operations.push(found);
    }
    if (operations.length + unfit.length > maxOperations) {
      throw invalid('document', `must hold at most ${maxOperations} operations; import it in parts`);
    }
  }
  return { operations, unfit };
}

const isVersion = ({ openapi, swagger }: Fields): boolean =>
  swagger === '2.0' || (typeof openapi === 'string' && openapi.startsWith('3.'));

function operationsOf(
  document: Fields,
  path: string,
  item: unknown,
): (DocumentedOperation | UnfitOperation)[] {
  const fields = fieldsOf(item);
  if (!fields) return [{ path, method: null, reason: 'holds no operations: it must be an object' }];
  if ('$ref' in fields) return [{ path, method: null, reason: 'is described elsewhere ($ref); put it here' }];
  return methods.flatMap((method) => {
    const operation = fields[method.toLowerCase()];
    return operation === undefined ? [] : [operationOf(document, path, fields, method, fieldsOf(operation))];
  });
}

function operationOf(
  document: Fields,
  path: string,
  item: Fields,
  method: string,
  operation: Fields | null,
): DocumentedOperation | UnfitOperation {
  if (!(actionMethods as readonly string[]).includes(method)) return { path, method, reason: unfitMethod };
  if (!operation) return { path, method, reason: 'is no operation: it must be an object' };
  if (!path.startsWith('/')) return { path, method, reason: 'must begin with /' };
  const whole = withPlainNames(
    prefixOf(operation.servers ?? item.servers ?? document.servers, document) + path,
  );
  const template = compileTemplate(whole);
  if ('why' in template) return { path: whole, method, reason: template.why };
  return {
    path: whole,
    method,
    name: cut(textOf(operation.summary) ?? textOf(operation.operationId) ?? `${method} ${whole}`, maxName),
    description: cut(textOf(operation.description) ?? '', maxDescription) || null,
    template,
  };
}

/**
 * The path of the first server (OpenAPI 3) or the `basePath` (Swagger 2.0), without a slash at the end. A variable stands
 * for its default, and where it has none for any segment.
 */
function prefixOf(servers: unknown, document: Fields): string {
  const server: Fields | null = Array.isArray(servers) ? fieldsOf(servers[0]) : { url: document.basePath };
  const url = textOf(server?.url);
  if (url === null) return '';
  const variables = fieldsOf(server?.variables);
  const address = url.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => {
    return textOf(fieldsOf(variables?.[name])?.default) ?? whole;
  });
  const [path = ''] = address.replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*/i, '').split(/[?#]/);
  const begun = path === '' || path.startsWith('/') ? path : `/${path}`;
  return begun.endsWith('/') ? begun.slice(0, -1) : begun;
}

/** Names of documents may hold dashes and dots, those of actions are words: `{user-id}` is `{user_id}`. */
const withPlainNames = (path: string): string =>
  path.replaceAll(/\{([A-Za-z_][\w.-]*)\}/g, (_whole, name: string) => `{${name.replaceAll(/\W/g, '_')}}`);

const fieldsOf = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** The first characters of a text, counted as the columns count them. */
const cut = (text: string, characters: number): string =>
  text.length <= characters
    ? text
    : Array.from(text.slice(0, 2 * characters))
        .slice(0, characters)
        .join('');
