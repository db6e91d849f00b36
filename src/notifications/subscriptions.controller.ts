import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Caller, Permit } from '../auth/permit.js';
import { asUser, type Principal } from '../auth/principal.js';
import { SecretAnswer } from '../http/idempotency.interceptor.js';
import type { Page } from '../http/pagination.js';
import { Problems } from '../http/problem.docs.js';
import {
  CreatedSubscription,
  CreateSubscription,
  ListSubscriptions,
  RotateSubscriptionSecret,
  SubscriptionPage,
  SubscriptionSecret,
  SubscriptionView,
  TrialAnswer,
  UpdateSubscription,
} from './subscriptions.dto.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { TrialService } from './trial.service.js';

@ApiTags('Subscriptions')
@Permit('team_admin')
@Controller('subscriptions')
export class SubscriptionsController {
  constructor(
    private readonly subscriptions: SubscriptionsService,
    private readonly trials: TrialService,
  ) {}

  @Post()
  @SecretAnswer()
  @ApiOperation({
    summary: 'Subscribe to events of orders, by webhook, e-mail, or messages of Feishu, DingTalk or WeCom',
    description:
      "A team's subscription hears of the team's orders, one of the platform of all. The answer shows the secret that " +
      'signs the webhooks this once. Fields of other channels are refused.',
  })
  @ApiCreatedResponse({ type: CreatedSubscription })
  @Problems('validation_failed', 'not_found')
  create(@Caller() caller: Principal, @Body() dto: CreateSubscription): Promise<CreatedSubscription> {
    return this.subscriptions.create(asUser(caller), dto);
  }

  @Get()
  @ApiOperation({ summary: "List the team's subscriptions, newest first; for system administrators all" })
  @ApiOkResponse({ type: SubscriptionPage })
  @Problems('validation_failed', 'not_found')
  list(@Caller() caller: Principal, @Query() query: ListSubscriptions): Promise<Page<SubscriptionView>> {
    return this.subscriptions.list(asUser(caller), query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a subscription' })
  @ApiOkResponse({ type: SubscriptionView })
  @Problems('not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<SubscriptionView> {
    return this.subscriptions.get(asUser(caller), id);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change a subscription, or switch it off and on',
    description:
      'News that waits to be sent goes to the new address. What finds the subscription switched off is parked.',
  })
  @ApiOkResponse({ type: SubscriptionView })
  @Problems('validation_failed', 'not_found')
  update(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: UpdateSubscription,
  ): Promise<SubscriptionView> {
    return this.subscriptions.update(asUser(caller), id, dto);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a subscription' })
  @ApiNoContentResponse()
  @Problems('not_found')
  remove(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.subscriptions.remove(asUser(caller), id);
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @SecretAnswer()
  @ApiOperation({
    summary: 'Give the webhooks a new secret',
    description:
      'The answer shows it this once. For `overlap`, webhooks carry two signatures, of the new secret and of the old ' +
      'one; of several rotations within an overlap the newest two secrets count. A body is not needed.',
  })
  @ApiOkResponse({ type: SubscriptionSecret })
  @Problems('validation_failed', 'not_found')
  rotateSecret(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() dto: RotateSubscriptionSecret,
  ): Promise<SubscriptionSecret> {
    return this.subscriptions.rotateSecret(asUser(caller), id, dto);
  }

  @Post(':id/test')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send one test message at once, without retries',
    description:
      'By webhook a signed `{"type": "ping", "timestamp": …, "data": {"subscription_id", "acc_code"}}`. By e-mail one ' +
      "mail to the first address that `to` names, else to the caller's. By messages one to the caller. A receiver that does not answer is told in the " +
      'answer, not as an error.',
  })
  @ApiOkResponse({ type: TrialAnswer })
  @Problems('not_found')
  test(@Caller() caller: Principal, @Param('id') id: string): Promise<TrialAnswer> {
    return this.trials.send(asUser(caller), id);
  }
}
