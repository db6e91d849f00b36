import type { FastifyRequest } from 'fastify';
import { Problem } from '../../http/problem.js';
import { refused, scimBase, scimType } from './scim.problem.js';

export { scimType };

type Done = (error: Error | null, body?: unknown) => void;

/** Reads a body of SCIM's media type, as JSON; under SCIM's paths only. Some clients name the type and send nothing. */
export function parseScimBody(request: FastifyRequest, body: Buffer | string, done: Done): void {
  if (!request.url.startsWith(`${scimBase}/`)) {
    done(new Problem('unsupported_media_type', `${scimType} is for ${scimBase}`));
    return;
  }
  const text = body.toString();
  try {
    done(null, text.trim() === '' ? undefined : JSON.parse(text));
  } catch {
    done(refused('invalidSyntax', 'the body is no JSON'));
  }
}
