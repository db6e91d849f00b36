import { Global, Module } from '@nestjs/common';
import { AddressGuard } from './address-guard.js';
import { OutboundClient } from './outbound.client.js';
import { Resolver } from './resolver.js';
import { UpstreamClient } from './upstream.client.js';
import { WebhookClient } from './webhook.client.js';
import { WebhookSecrets } from './webhook-secrets.js';

@Global()
@Module({
  providers: [AddressGuard, OutboundClient, Resolver, UpstreamClient, WebhookClient, WebhookSecrets],
  exports: [AddressGuard, OutboundClient, UpstreamClient, WebhookClient, WebhookSecrets],
})
export class OutboundModule {}
