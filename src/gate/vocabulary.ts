/** Which proxy speaks at a gate. One for each gate, never guessed: a client could send another proxy's headers. */
export const adapters = ['proxy', 'nginx', 'traefik', 'envoy', 'apisix', 'submit'] as const;
export type Adapter = (typeof adapters)[number];

/** The methods that an action can name. HEAD is held as the GET that it is. */
export const actionMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type ActionMethod = (typeof actionMethods)[number];

/**
 * What an approval leads to. `replay`: the service sends the request, once, and keeps the answer; `retry-once`: the
 * caller's own repeat passes, once. Never both.
 */
export const modes = ['replay', 'retry-once'] as const;
export type Mode = (typeof modes)[number];

/** The status that a request is answered with while it is held. */
export const holds = [401, 403, 202, 200] as const;
export type Hold = (typeof holds)[number];

export const identities = ['token', 'headers'] as const;
export type Identity = (typeof identities)[number];

export const credentialRules = ['drop', 'seal'] as const;
export type CredentialRule = (typeof credentialRules)[number];

/** Where a held request stands (docs/gate.md). */
export const requestStates = [
  'waiting',
  'approved',
  'executing',
  'executed',
  'failed',
  'unknown',
  'denied',
  'cancelled',
  'expired',
] as const;
export type RequestState = (typeof requestStates)[number];

/** The states of requests of which something can still become: what they need must not be taken away. */
export const statesUnderWay = ['waiting', 'approved', 'executing'] as const satisfies readonly RequestState[];
