import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config.js';
import { Sealer } from '../../config/sealer.js';
import { Database } from '../../database/database.js';
import { toDbTime } from '../../database/dialect.js';
import { classify } from '../../database/errors.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { Clock } from '../../runtime/clock.js';
import { LarkClient } from '../lark/lark.client.js';
import { textOf } from '../lark/lark.settings.js';
import type { ProviderConnection } from '../provider.port.js';
import { ProviderFailure } from '../provider-failure.js';

const table = 'dms_s_apply_mirror_definition';

/** A business type, as people read it. */
interface ShownType {
  readonly id: string;
  readonly name: string;
}

/** What a quick action has to know. Holds secrets in clear: for checking, never for showing. */
export interface MirrorDefinition {
  readonly businessTypeId: string;
  readonly approvalCode: string | null;
  readonly token: string;
  readonly key: string;
}

interface Row {
  readonly businessTypeId: string;
  readonly approvalCode: string | null;
  readonly sealedSecrets: string;
  readonly fingerprint: string | null;
}

/** Business types as Feishu knows them (三方审批定义): made there when they are first needed, and told anew when they change. */
@Injectable()
export class MirrorDefinitionsService {
  constructor(
    private readonly client: LarkClient,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly sealer: Sealer,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Makes sure that Feishu knows a business type as it is now.
   * @returns what Feishu calls it
   * @throws ProviderFailure, permanent while PUBLIC_URL is not set
   */
  async approvalCode(to: ProviderConnection, type: ShownType, signal: AbortSignal): Promise<string> {
    const { publicUrl } = this.config;
    if (publicUrl === null) {
      throw new ProviderFailure(
        'PUBLIC_URL is not set: Feishu would not know where orders are, nor where to send decisions',
        { permanent: true },
      );
    }
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([1, to.url, to.settings.appId, publicUrl, type.name]))
      .digest('hex');
    const known = (await this.find(to.id, type.id)) ?? (await this.make(to.id, type.id));
    if (known.approvalCode !== null && known.fingerprint === fingerprint) return known.approvalCode;
    const data = await this.client.call(to, {
      method: 'POST',
      path: '/open-apis/approval/v4/external_approvals',
      body: definition(to, type, publicUrl, this.opened(to.id, known)),
      signal,
    });
    const approvalCode = textOf(data.approval_code);
    if (approvalCode === null)
      throw new ProviderFailure('POST external_approvals was answered without a code');
    await this.change(to.id, type.id, approvalCode, fingerprint);
    return approvalCode;
  }

  /** Has a business type told to Feishu again, which does not know it any more. */
  async forget(providerId: string, businessTypeId: string): Promise<void> {
    await this.change(providerId, businessTypeId, null, null);
  }

  /** Every definition that a provider may send quick actions of. */
  async ofProvider(providerId: string): Promise<MirrorDefinition[]> {
    const rows = await this.database.rows<Row>(`${select} WHERE provider_id = ? ORDER BY business_type_id`, [
      providerId,
    ]);
    return rows.map((row) => this.opened(providerId, row));
  }

  private async find(providerId: string, businessTypeId: string): Promise<Row | null> {
    const [row] = await this.database.rows<Row>(`${select} WHERE provider_id = ? AND business_type_id = ?`, [
      providerId,
      businessTypeId,
    ]);
    return row ?? null;
  }

  /** The secrets are stored before Feishu is told of them, so that asking twice tells the same ones. */
  private async make(providerId: string, businessTypeId: string): Promise<Row> {
    const secrets: Secrets = {
      token: randomBytes(24).toString('base64url'),
      key: randomBytes(24).toString('base64url'),
    };
    const row: Row = {
      businessTypeId,
      approvalCode: null,
      sealedSecrets: this.sealer.seal(JSON.stringify(secrets), contextOf(providerId, businessTypeId)),
      fingerprint: null,
    };
    const now = toDbTime(this.clock.now());
    try {
      await this.unitOfWork.run((tx) =>
        tx.run(
          `INSERT INTO ${table} (provider_id, business_type_id, sealed_secrets, create_time, update_time)
           VALUES (?, ?, ?, ?, ?)`,
          [providerId, businessTypeId, row.sealedSecrets, now, now],
        ),
      );
      return row;
    } catch (error) {
      const known = classify(error) === 'duplicate' ? await this.find(providerId, businessTypeId) : null;
      if (!known) throw error;
      return known;
    }
  }

  private async change(
    providerId: string,
    businessTypeId: string,
    approvalCode: string | null,
    fingerprint: string | null,
  ): Promise<void> {
    await this.unitOfWork.run((tx) =>
      tx.run(
        `UPDATE ${table} SET approval_code = ?, fingerprint = ?, update_time = ?
          WHERE provider_id = ? AND business_type_id = ?`,
        [approvalCode, fingerprint, toDbTime(this.clock.now()), providerId, businessTypeId],
      ),
    );
  }

  private opened(providerId: string, { businessTypeId, approvalCode, sealedSecrets }: Row): MirrorDefinition {
    const context = contextOf(providerId, businessTypeId);
    const { token, key } = JSON.parse(this.sealer.open(sealedSecrets, context)) as Secrets;
    return { businessTypeId, approvalCode, token, key };
  }
}

interface Secrets {
  readonly token: string;
  readonly key: string;
}

const select = `SELECT business_type_id AS businessTypeId, approval_code AS approvalCode,
  sealed_secrets AS sealedSecrets, fingerprint FROM ${table}`;

/** Sealed for one definition, secrets open for no other. */
const contextOf = (providerId: string, businessTypeId: string): string =>
  `mirror-definition/${providerId}/${businessTypeId}`;

const nameKey = '@i18n@approval_name';
const groupKey = '@i18n@group_name';

/** Of its own for every provider: two that speak for one app would otherwise take each other's buttons over. */
const codeOf = (providerId: string, businessTypeId: string): string =>
  `countersign-${createHash('sha256').update(`${providerId}/${businessTypeId}`).digest('hex').slice(0, 32)}`;

/** The body of POST /external_approvals (创建三方审批定义); told again under the same code, it is changed. */
const definition = (
  to: ProviderConnection,
  { id, name }: ShownType,
  publicUrl: string,
  { token, key }: Secrets,
): object => ({
  approval_name: nameKey,
  approval_code: codeOf(to.id, id),
  group_code: 'countersign',
  group_name: groupKey,
  external: {
    support_pc: true,
    support_mobile: true,
    enable_quick_operate: true,
    action_callback_url: `${publicUrl}/api/v1/lark/actions/${to.id}`,
    action_callback_token: token,
    action_callback_key: key,
  },
  viewers: [{ viewer_type: 'TENANT' }],
  i18n_resources: [
    { locale: 'zh-CN', is_default: true, texts: texts(name, '审批系统') },
    { locale: 'en-US', is_default: false, texts: texts(name, 'Approvals') },
  ],
});

const texts = (name: string, group: string) => [
  { key: nameKey, value: name },
  { key: groupKey, value: group },
];
