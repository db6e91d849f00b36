import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { Code, field, OneOf, Text, Texts } from '../http/fields.js';
import type { ProviderKind } from './provider.port.js';

/** Ids and secrets of vendors' apps: printable ASCII without blanks. */
const VendorText = (options: {
  readonly description: string;
  readonly example: string;
  readonly optional?: boolean;
}): PropertyDecorator =>
  field(
    options,
    { type: 'string', minLength: 1, maxLength: 256, pattern: '^[\\x21-\\x7e]{1,256}$' },
    Matches(/^[\x21-\x7e]{1,256}$/, { message: '$property must be 1 to 256 printable ASCII characters' }),
  );

/** The 43 characters under which DingTalk and WeCom encrypt what they send. */
const AesKey = (options: { readonly description: string }): PropertyDecorator =>
  field(
    { ...options, example: 'Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7' },
    { type: 'string', minLength: 43, maxLength: 43 },
    Matches(/^[A-Za-z0-9+/]{43}$/, { message: '$property must be the 43 characters that the console shows' }),
  );

/** Instances are created for, and tell, these two; union ids they do not know. */
const userIdTypes = ['user_id', 'open_id'] as const;

/** An app of Feishu (or Lark): 开发者后台 → 凭证与基础信息, 事件与回调 → 加密策略. */
export class LarkFields {
  @VendorText({ description: 'App ID.', example: 'cli_a1b2c3d4e5f6' })
  appId: string;

  @VendorText({ description: 'App Secret. Write-only.', example: 'Zm9vYmFyYmF6cXV4' })
  appSecret: string;

  @VendorText({
    description:
      'Encrypt Key of the event subscription; required, since nothing is signed without. Write-only.',
    example: 'kU3vYc9bT2pLx8Qe',
  })
  encryptKey: string;

  @VendorText({
    description: 'Verification Token of the event subscription. Write-only.',
    example: 'v7Jq2mXc4RtY9bNw',
  })
  verificationToken: string;

  @VendorText({
    optional: true,
    description: 'The user id of the account (审批助手) on check and execute nodes (requirement 001).',
    example: 'b613t51g',
  })
  assistantUserId?: string;

  @OneOf(userIdTypes, {
    optional: true,
    description: 'Which ids of people this provider speaks; identities hold them. `user_id` by default.',
    example: 'user_id',
  })
  userIdType?: (typeof userIdTypes)[number];

  @Text(64, { optional: true, description: '`check_node` by default.', example: 'check_node' })
  checkNodeName?: string;

  @Text(64, { optional: true, description: '`execute_node` by default.', example: 'execute_node' })
  executeNodeName?: string;
}

/** An app of DingTalk: 开发者后台 → 凭证与基础信息, 事件订阅 (HTTP 推送). */
export class DingTalkFields {
  @VendorText({ description: 'AppKey (Client ID).', example: 'dingabcdefgh1234' })
  appKey: string;

  @VendorText({ description: 'AppSecret (Client Secret). Write-only.', example: 'Zm9vYmFyYmF6cXV4' })
  appSecret: string;

  @VendorText({ description: 'The CorpId of the organization.', example: 'ding6ccabc44d2c8d38b' })
  corpId: string;

  @VendorText({ description: 'Token (签名 token) of the event subscription. Write-only.', example: 'mryue' })
  token: string;

  @AesKey({ description: 'aes_key of the event subscription. Write-only.' })
  aesKey: string;

  @VendorText({
    optional: true,
    description: 'The code of the robot that writes to people; without it no messages are sent.',
    example: 'dingabcdefgh1234',
  })
  robotCode?: string;

  @VendorText({
    optional: true,
    description: 'The user id of the account on check and execute nodes (requirement 001).',
    example: 'manager4220',
  })
  assistantUserId?: string;

  @Texts(
    { min: 1, max: 50, length: 128 },
    { optional: true, description: 'The activity ids of check nodes.', example: ['sid-startevent-check'] },
  )
  checkActivityIds?: string[];

  @Texts(
    { min: 1, max: 50, length: 128 },
    { optional: true, description: 'The activity ids of execute nodes.', example: ['sid-endevent-execute'] },
  )
  executeActivityIds?: string[];

  @Code(32, {
    optional: true,
    description: 'The department of applicants there; -1 (the root) by default.',
    example: '-1',
  })
  departmentId?: string;
}

/** A self-built app of WeCom: 应用管理 → 自建应用, 接收消息 → API 接收. */
export class WeComFields {
  @VendorText({ description: 'The id of the corporation.', example: 'ww1234567890abcdef' })
  corpId: string;

  @VendorText({ description: 'The secret of the app. Write-only.', example: 'Zm9vYmFyYmF6cXV4' })
  corpSecret: string;

  @VendorText({ description: 'The AgentId of the app; it writes to people.', example: '1000002' })
  agentId: string;

  @VendorText({ description: 'Token of 接收消息. Write-only.', example: 'QDG6eKvYt3' })
  token: string;

  @AesKey({ description: 'EncodingAESKey of 接收消息. Write-only.' })
  aesKey: string;
}

export type VendorKind = Exclude<ProviderKind, 'webhook'>;

/** What each vendor is spoken to with. */
export const vendors: Readonly<
  Record<VendorKind, { readonly url: string; readonly secrets: readonly string[] }>
> = {
  lark: { url: 'https://open.feishu.cn', secrets: ['appSecret', 'encryptKey', 'verificationToken'] },
  dingtalk: { url: 'https://api.dingtalk.com', secrets: ['appSecret', 'token', 'aesKey'] },
  wecom: { url: 'https://qyapi.weixin.qq.com', secrets: ['corpSecret', 'token', 'aesKey'] },
};

/** What is shown of a vendor's app: everything but its secrets, of which it says which there are. */
export class VendorView {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { appId: 'cli_a1b2c3d4e5f6', assistantUserId: 'b613t51g' },
  })
  settings: Readonly<Record<string, unknown>>;

  @ApiProperty({
    type: [String],
    description: 'The secrets that are kept.',
    example: ['appSecret', 'encryptKey'],
  })
  secrets: readonly string[];

  @ApiProperty({
    description: 'The address at which the vendor delivers its events; relative while PUBLIC_URL is not set.',
    example: 'https://countersign.example.com/api/v1/lark/callback/0195f1f2-7c3e-7bb0-9d0a-0a2f1c1b2a30',
  })
  callbackUrl: string;
}
