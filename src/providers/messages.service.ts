import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/sql.js';
import { IdentitiesService } from './identities/identities.service.js';
import type { PersonalMessage, ProviderAttempt } from './provider.port.js';
import { ProviderFailure } from './provider-failure.js';
import { ProvidersRepository, visibleFrom } from './providers.repository.js';
import { ProvidersService } from './providers.service.js';

/** The kinds of providers that write to people. */
export const messageChannels = ['lark', 'dingtalk', 'wecom'] as const;
export type MessageChannel = (typeof messageChannels)[number];

/** A message, before it is known who its reader is at the provider. */
export type MessageText = Omit<PersonalMessage, 'externalId'>;

/** What came of a message. `unknown`: nobody has said who the person is at the provider. */
export type MessageOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'failed';
      /** Holds no secret. */
      readonly error: string;
      readonly status: number | null;
      readonly retryAfter: number | null;
      readonly permanent: boolean;
    };

/** Messages to people by the apps of providers. */
@Injectable()
export class MessagesService {
  constructor(
    private readonly rows: ProvidersRepository,
    private readonly providers: ProvidersService,
    private readonly identities: IdentitiesService,
  ) {}

  /**
   * The provider of a kind that a code means: the team's own, else the platform's. Keeps it from being deleted until the
   * transaction ends. @param scope who names it; empty for the platform
   * @returns its id; null when there is none, or one of another kind
   */
  async named(tx: Tx, scope: string, code: string, kind: MessageChannel): Promise<string | null> {
    const scopes = visibleFrom(scope);
    await this.rows.lock(tx, scopes, code);
    const found = await this.rows.find(scopes, code, tx);
    return found?.kind === kind ? found.id : null;
  }

  /** Who of these people is known at a provider. */
  async reachable(providerId: string, userCodes: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set((await this.identities.externalsOf(providerId, userCodes)).keys());
  }

  /** Writes to a person, once. Whatever the provider does, it is told in the outcome. */
  async send(
    providerId: string,
    userCode: string,
    text: MessageText,
    attempt: ProviderAttempt,
  ): Promise<MessageOutcome> {
    const correspondent = await this.providers.correspondent(providerId);
    if (!correspondent?.kind.notify) return { ...failed, error: 'the provider is gone' };
    const externalId = await this.identities.externalOf(providerId, userCode);
    if (externalId === null) return { kind: 'unknown' };
    try {
      await correspondent.kind.notify(correspondent.to, { ...text, externalId }, attempt);
      return { kind: 'sent' };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      const { status = null, retryAfter = null, permanent = false } = error.details;
      return { kind: 'failed', error: error.message, status, retryAfter, permanent };
    }
  }
}

const failed = { kind: 'failed', status: null, retryAfter: null, permanent: true } as const;
