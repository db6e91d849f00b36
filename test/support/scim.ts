import { type Answer, type Client, type TestApp, type TestUser, tokenOf } from './harness.js';

/** Speaks SCIM to the running service, as an identity provider would; paths are relative to /scim/v2. */
export interface ScimClient {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  send(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
}

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const enterpriseSchema = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const directorySchema = 'urn:approval:scim:schemas:extension:directory:2.0:Group';
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** @param bearer null: without a credential */
export function scim(app: Pick<TestApp, 'url'>, bearer: string | null): ScimClient {
  const call = async (method: string, path: string, body: unknown, headers = {}): Promise<Answer> => {
    const response = await fetch(`${app.url}/scim/v2${path}`, {
      method,
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      body: isJson && text ? JSON.parse(text) : text,
      headers: response.headers,
    };
  };
  return {
    get: (path, headers) => call('GET', path, undefined, headers),
    send: (method, path, body, headers) => call(method, path, body, headers),
  };
}

export const scimAs = async (app: Pick<TestApp, 'url'>, user: TestUser): Promise<ScimClient> =>
  scim(app, await tokenOf(user));

/** A key that keeps the directory: of these teams, or of the installation. */
export async function directoryKey(client: Client, accCodes: readonly string[]): Promise<string> {
  const { status, body } = await client.post('/api-keys', { name: 'IdP', accCodes, directory: true });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.key as string;
}

export const user = (userName: string, more: object = {}) => ({
  schemas: [userSchema],
  userName,
  displayName: userName,
  ...more,
});

export const group = (displayName: string, about: object = {}, members?: readonly string[]) => ({
  schemas: [groupSchema, directorySchema],
  displayName,
  ...(members ? { members: members.map((value) => ({ value })) } : {}),
  [directorySchema]: about,
});

export const patch = (...operations: readonly object[]) => ({
  schemas: [patchSchema],
  Operations: operations,
});

/** The `scimType` and status of an error, after a look at the rest of its body. */
export function errorOf({ status, body, headers }: Answer): string {
  const isScim =
    body.schemas?.[0] === 'urn:ietf:params:scim:api:messages:2.0:Error' &&
    body.status === String(status) &&
    typeof body.detail === 'string' &&
    (headers.get('content-type') ?? '').startsWith('application/scim+json');
  return isScim
    ? [status, body.scimType].filter(Boolean).join(' ')
    : `no SCIM error: ${JSON.stringify(body)}`;
}

/** The codes of a group's members. */
export const membersOf = ({ body }: Answer): string[] =>
  (body.members ?? []).map(({ value }: { value: string }) => value).toSorted();
