import { Global, Module } from '@nestjs/common';
import { AddressGuard } from './address-guard.js';
import { OutboundClient } from './outbound.client.js';
import { Resolver } from './resolver.js';

@Global()
@Module({ providers: [AddressGuard, OutboundClient, Resolver], exports: [AddressGuard, OutboundClient] })
export class OutboundModule {}
