import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

/** Swagger UI styles its page inline; everything else comes from this service. Plain HTTP stays plain HTTP. */
const directives = {
  defaultSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  scriptSrc: ["'self'"],
  upgradeInsecureRequests: null,
};

/**
 * The security headers that helmet gives an answer. They are the same for every answer of this service, so helmet is
 * asked once, at the start, and not for every request.
 */
export function securityHeaders(): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => {
      headers[name.toLowerCase()] = value;
    },
    removeHeader: () => undefined,
  };
  helmet({ contentSecurityPolicy: { directives } })(
    {} as IncomingMessage,
    recorder as unknown as ServerResponse,
    (error?: unknown) => {
      if (error) throw error as Error;
    },
  );
  return Object.freeze(headers);
}
