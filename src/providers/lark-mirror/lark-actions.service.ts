import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/principal.js';
import { Database } from '../../database/database.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { DirectoryService } from '../../directory/directory.service.js';
import { isEnded, openStep } from '../../engine/order-state.js';
import type { Both } from '../../http/language.js';
import { Problem } from '../../http/problem.js';
import { OperationLogService } from '../../operation-log/operation-log.service.js';
import { mirrorTopic } from '../../orders/order-outside.service.js';
import { type OrderRecord, OrdersService } from '../../orders/orders.service.js';
import { OutboxService } from '../../outbox/outbox.service.js';
import { Clock } from '../../runtime/clock.js';
import { Ids } from '../../runtime/ids.js';
import { IdentitiesService } from '../identities/identities.service.js';
import type { ProviderRow } from '../provider.entity.js';
import { ProvidersRepository } from '../providers.repository.js';
import { ActionContext } from './action-context.js';
import { actionWords, inBoth, problemWords } from './lark-actions.texts.js';
import { MirrorDefinitionsService } from './mirror-definitions.service.js';
import { stepOfTask } from './mirrored-tasks.js';
import { type PressedButton, pressedButton } from './pressed-button.js';
import { sinceShown } from './since-shown.js';

/** How Feishu is answered: anything above 400 is shown to the person. */
export interface ActionReply {
  readonly status: number;
  readonly body: object;
}

/** As long as a decision of the order may be about: with more, `auditMsg` of the API is refused. */
const longestReason = 4_000;
/** How often a decision begins anew because others have acted on the order meanwhile. */
const maxRounds = 5;

/** Somebody's wish to decide, as far as it is known to be theirs. */
interface Wish extends PressedButton {
  readonly userCode: string;
  readonly applyStep: number;
  /** The version of the order that they saw. */
  readonly version: number;
}

/** What people press on their tasks in Feishu: they decide as if they had called the API, by the same rules. */
@Injectable()
export class LarkActionsService {
  private readonly logger = new Logger('lark-actions');
  /** Milliseconds; Feishu waits for ten seconds. */
  deadline = 8_000;

  constructor(
    private readonly providers: ProvidersRepository,
    private readonly definitions: MirrorDefinitionsService,
    private readonly identities: IdentitiesService,
    private readonly directory: DirectoryService,
    private readonly orders: OrdersService,
    private readonly log: OperationLogService,
    private readonly context: ActionContext,
    private readonly outbox: OutboxService,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /**
   * @param providerId of the address
   * @param rawBody exactly the bytes that came
   * @returns within the time that Feishu waits; what takes longer goes on all the same
   */
  async press(providerId: string, rawBody: Buffer): Promise<ActionReply> {
    const done = new AbortController();
    const late = pause(this.deadline, refused(504, actionWords.slow), { signal: done.signal, ref: false });
    try {
      return await Promise.race([this.decided(providerId, rawBody), late]);
    } finally {
      late.catch(() => undefined);
      done.abort();
    }
  }

  private async decided(providerId: string, rawBody: Buffer): Promise<ActionReply> {
    try {
      return await this.decide(providerId, rawBody);
    } catch (error) {
      this.logger.error({ err: error, providerId }, 'a quick action broke off');
      return refused(503, actionWords.failed);
    }
  }

  private async decide(providerId: string, rawBody: Buffer): Promise<ActionReply> {
    const provider = await this.providers.byId(providerId);
    const known = provider?.kind === 'lark' ? await this.definitions.ofProvider(provider.id) : [];
    const pressed = pressedButton(rawBody, known);
    if (!provider || pressed === 'stranger') {
      this.logger.warn({ providerId }, 'a quick action of nobody known is refused');
      return refused(401, actionWords.unknownSender);
    }
    if (pressed === 'unreadable') return refused(422, actionWords.unreadable);
    const record = await this.orders.forService(pressed.orderId);
    if (!record || !isShownBy(provider, pressed, record)) return refused(404, actionWords.noOrder);
    const wish = await this.wishOf(provider, pressed, record);
    if ('status' in wish) return wish;
    const reply = await this.carryOut(wish, record.head.accCode);
    const { orderId, userCode, action, messageId } = wish;
    this.logger.log({ providerId, orderId, userCode, action, messageId, status: reply.status }, 'pressed');
    // What was decided is shown because of that; what was refused was pressed on something that is shown no longer.
    if (reply.status !== 200) await this.showAgain(record);
    return reply;
  }

  /** Whose wish it is, if it is theirs to have. */
  private async wishOf(
    { id }: ProviderRow,
    pressed: PressedButton,
    { head }: OrderRecord,
  ): Promise<Wish | ActionReply> {
    const userCode = await this.identities.userOf(id, pressed.userId);
    if (userCode === null) return refused(403, actionWords.noPerson);
    const listed = await this.directory.listed(this.database, head.accCode, [userCode]);
    if (listed.get(userCode) !== 'active') return refused(403, actionWords.noColleague);
    const { taskId, orderId } = pressed;
    const applyStep = stepOfTask(taskId);
    const version = this.context.versionIn(pressed.context, { providerId: id, orderId, taskId, userCode });
    if (applyStep === null || version === null) return refused(403, actionWords.notYourTask);
    if (pressed.action === 'reject' && pressed.reason.trim() === '')
      return refused(422, actionWords.noReason);
    if (pressed.reason.length > longestReason) return refused(422, actionWords.longReason);
    return { ...pressed, userCode, applyStep, version };
  }

  private async carryOut(wish: Wish, accCode: string | null): Promise<ActionReply> {
    const { orderId, userCode, applyStep, action, reason } = wish;
    // Roles come with tokens, and there is none here.
    const principal: UserPrincipal = { kind: 'user', userCode, accCode, roles: [] };
    for (let round = 0; round < maxRounds; round++) {
      const record = await this.orders.forService(orderId);
      if (!record) return refused(404, actionWords.noOrder);
      const { state } = record;
      const since = sinceShown(await this.log.history(orderId, state.version), wish, action);
      if (since === 'done') return accepted;
      if (since === 'otherwise') return refused(409, actionWords.decidedOtherwise);
      if (since === 'changed' || wish.version > state.version) return refused(409, actionWords.changed);
      if (!isEnded(state) && openStep(state) && openStep(state)?.applyStep !== applyStep) {
        return refused(409, actionWords.stepOver);
      }
      try {
        await this.orders[action](principal, orderId, {
          auditMsg: reason === '' ? null : reason,
          version: state.version,
        });
        return accepted;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        // What was judged is not what is there: perhaps this very button was faster, sent once more.
        const now = await this.orders.forService(orderId);
        if (now?.state.version === state.version) return this.whyNot(principal, orderId, error);
      }
    }
    return refused(409, actionWords.busy);
  }

  /** A refusal of the order, in the words in which the order is explained. */
  private async whyNot(
    principal: UserPrincipal,
    orderId: string,
    { code, detail, status }: Problem,
  ): Promise<ActionReply> {
    const [en, zh] = await Promise.all([
      this.orders.canAct(principal, orderId, 'en'),
      this.orders.canAct(principal, orderId, 'zh'),
    ]).catch(() => [null, null]);
    const words = en && zh && !en.canAct ? { en: en.reason, zh: zh.reason } : problemWords(code, detail);
    return refused(status, words);
  }

  private async showAgain({ head }: OrderRecord): Promise<void> {
    await this.unitOfWork.run((tx) =>
      this.outbox.enqueue(tx, [
        {
          topic: mirrorTopic,
          orderId: head.id,
          accCode: head.accCode,
          target: `p:${head.mirrorId ?? ''}`,
          cause: this.ids.next(),
          payload: {},
          time: this.clock.now(),
        },
      ]),
    );
  }
}

/** Whether a provider shows an order, by the definition that a button came with. Others, of whatever team, decide nothing. */
const isShownBy = ({ id }: ProviderRow, { definition }: PressedButton, { head }: OrderRecord): boolean =>
  head.mirrorId === id && definition.businessTypeId === (head.businessTypeId ?? head.businessType);

const accepted: ActionReply = { status: 200, body: { msg: 'success' } };

/** `without_prefix`: Feishu shows the words as they are. */
const refused = (status: number, words: Both): ActionReply => ({
  status: Math.max(status, 401),
  body: { message: inBoth(words), without_prefix: 'true' },
});
