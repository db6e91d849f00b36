import { All, Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Permit } from '../../auth/permit.js';
import { notFound } from '../../http/problem.js';
import { Call } from './scim.call.js';
import { ScimAnswer, ScimErrors } from './scim.docs.js';
import { listOf, type ScimList } from './scim.list.js';
import { notOffered, scimBase, scimType } from './scim.problem.js';
import {
  describedSchemas,
  directorySchema,
  enterpriseSchema,
  groupSchema,
  userSchema,
} from './scim.schemas.js';
import { type ScimCall, usersAtOnce } from './scim-users.service.js';

const inScim = () => Header('content-type', `${scimType}; charset=utf-8`);
const configSchema = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig';

/** What SCIM clients ask first: what this service can do, and how its resources look (RFC 7644, 4). */
@ApiTags('SCIM')
@Permit('team_admin', 'directory')
@Controller('scim/v2')
export class ScimDiscoveryController {
  @Get('ServiceProviderConfig')
  @inScim()
  @ApiOperation({ summary: 'What this service can do of SCIM 2.0' })
  @ScimAnswer(200, 'The configuration.', configuration(''))
  @ScimErrors()
  config(@Call() { base }: ScimCall): object {
    return configuration(base);
  }

  @Get('Schemas')
  @inScim()
  @ApiOperation({ summary: 'What is kept of people and groups' })
  @ScimAnswer(200, 'All schemas.', listOf(1, 1, [{ id: userSchema, name: 'User' }]))
  @ScimErrors()
  schemas(@Call() { base }: ScimCall): ScimList {
    return whole(describedSchemas(base + scimBase));
  }

  @Get('Schemas/:id')
  @inScim()
  @ApiOperation({ summary: 'Read one schema' })
  @ScimAnswer(200, 'The schema.', { id: userSchema, name: 'User' })
  @ScimErrors(404)
  schema(@Call() { base }: ScimCall, @Param('id') id: string): object {
    return one(describedSchemas(base + scimBase), id);
  }

  @Get('ResourceTypes')
  @inScim()
  @ApiOperation({ summary: 'The resources, and where they are' })
  @ScimAnswer(200, 'User and Group.', listOf(1, 1, [{ id: 'User', endpoint: '/Users', schema: userSchema }]))
  @ScimErrors()
  types(@Call() { base }: ScimCall): ScimList {
    return whole(resourceTypes(base));
  }

  @Get('ResourceTypes/:id')
  @inScim()
  @ApiOperation({ summary: 'Read one resource type' })
  @ScimAnswer(200, 'The type.', { id: 'User', endpoint: '/Users', schema: userSchema })
  @ScimErrors(404)
  type(@Call() { base }: ScimCall, @Param('id') id: string): object {
    return one(resourceTypes(base), id);
  }

  /** Who calls is an API key, or an administrator who need not be listed: no resource of SCIM. */
  @All('Me')
  @ApiExcludeEndpoint()
  me(): never {
    throw notOffered('/Me');
  }

  @All('Bulk')
  @ApiExcludeEndpoint()
  bulk(): never {
    throw notOffered('/Bulk');
  }
}

const whole = (all: readonly object[]): ScimList => listOf(all.length, 1, all);

function one<T extends { readonly id: string }>(all: readonly T[], id: string): T {
  const found = all.find((each) => each.id.toLowerCase() === id.toLowerCase());
  if (!found) throw notFound(id);
  return found;
}

function configuration(base: string) {
  return {
    schemas: [configSchema],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: usersAtOnce },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'An API key made with "directory": true, or the token of an administrator.',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}${scimBase}/ServiceProviderConfig` },
  };
}

const resourceTypes = (base: string) =>
  [
    {
      name: 'User',
      schema: userSchema,
      extension: enterpriseSchema,
      description: 'A person of the directory.',
    },
    {
      name: 'Group',
      schema: groupSchema,
      extension: directorySchema,
      description: 'A group, department, role or team.',
    },
  ].map(({ name, schema, extension, description }) => ({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: name,
    name,
    endpoint: `/${name}s`,
    description,
    schema,
    schemaExtensions: [{ schema: extension, required: false }],
    meta: { resourceType: 'ResourceType', location: `${base}${scimBase}/ResourceTypes/${name}` },
  }));
