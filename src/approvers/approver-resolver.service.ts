import { Inject, Injectable, Logger } from '@nestjs/common';
import { CallbackTargetsService } from '../business-types/callback-targets.service.js';
import { CONFIG, type Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { transactionUnderWay } from '../database/transaction-scope.js';
import { DirectoryService } from '../directory/directory.service.js';
import type { Found } from '../engine/advance.js';
import type { OutboundAnswer } from '../outbound/outbound.client.js';
import { OutboundError } from '../outbound/outbound-error.js';
import { WebhookClient, type WebhookMessage } from '../outbound/webhook.client.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { parseUserCodes, type ResolverAnswer } from './resolver-answer.js';
import { type Question, resolverBody } from './resolver-body.js';

export type { Question } from './resolver-body.js';

/** Milliseconds, unless CALLBACK_TIMEOUT is shorter: a person waits for the answer. */
const longestWait = 5_000;

/**
 * Asks the business system who may review (requirement 002, `getApprover`): everybody when a step opens, and about one
 * person when somebody decides. Asked once, without retries, and never inside a transaction. It fails closed: a system
 * that gives no answer permits nothing.
 */
@Injectable()
export class ApproverResolver {
  private readonly logger = new Logger('resolver');
  private readonly wait: number;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly targets: CallbackTargetsService,
    private readonly directory: DirectoryService,
    private readonly client: WebhookClient,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    this.wait = Math.min(config.callback.timeout, longestWait);
  }

  /**
   * Whom the business system names. Who is inactive or listed in another team is left out, and who is not listed counts,
   * as for members of groups.
   * @returns nobody with a `problem`, in words for people, when there is no answer. Nobody without one is an answer.
   */
  async approvers(question: Question): Promise<Found> {
    const answer = await this.ask(question, null);
    if ('why' in answer) return { people: [], problem: problemOf(answer.why) };
    const people = await this.reviewersAmong(question.team, answer.userCodes);
    return { people, problem: null, why: people.map((userCode) => ({ userCode, rule: 'resolver' })) };
  }

  /**
   * Whether the business system says that this person may review, now: whether its answer names them. A system that
   * answers the same list to both questions is understood; one that names somebody else says no.
   */
  async confirms(question: Question, userCode: string): Promise<boolean> {
    const answer = await this.ask(question, userCode);
    if ('why' in answer) return false;
    if (!answer.userCodes.includes(userCode)) return false;
    return (await this.reviewersAmong(question.team, [userCode])).length === 1;
  }

  private async ask(question: Question, candidate: string | null): Promise<ResolverAnswer> {
    if (transactionUnderWay()) throw new Error('a resolver is asked outside any transaction');
    const { businessType, businessTypeId, team } = question;
    const target = await this.targets.find({ id: businessTypeId, team, code: businessType });
    const sentAt = this.clock.now();
    const answer = target
      ? await this.call({
          url: question.url,
          id: this.ids.next(),
          sentAt,
          body: resolverBody(question, candidate, sentAt),
          secrets: target.secrets,
        })
      : { why: `there is no business type ${businessType} any more to sign the question` };
    if ('why' in answer) {
      const { ticketId, nodeName } = question;
      this.logger.warn({ ticketId, businessType, nodeName, why: answer.why }, 'a resolver gave no answer');
    }
    return answer;
  }

  private async call(message: WebhookMessage): Promise<ResolverAnswer> {
    const signal = AbortSignal.timeout(this.wait);
    try {
      return judge(await this.client.send({ ...message, signal }));
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      const tooLate = signal.aborted || error.kind === 'timeout';
      return { why: tooLate ? `it gave no complete answer within ${this.wait} ms` : error.message };
    }
  }

  private async reviewersAmong(team: string | null, users: readonly string[]): Promise<string[]> {
    const anywhere = await this.directory.listed(this.database, null, users);
    const here = await this.directory.listed(this.database, team, users);
    return users.filter((userCode) => !anywhere.has(userCode) || here.get(userCode) === 'active');
  }
}

function judge({ status, body, truncated }: OutboundAnswer): ResolverAnswer {
  if (status !== 200) return { why: `it answered ${status}` };
  return truncated ? { why: 'the answer is longer than 64 KiB' } : parseUserCodes(body);
}

/** As much as the column of a step's reason holds. */
const longestProblem = 255;

const problemOf = (why: string): string =>
  Array.from(`the business system does not say who may review: ${why}`).slice(0, longestProblem).join('');
