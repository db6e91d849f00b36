import type { INestApplication } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { policiesOf } from './permit.js';

/**
 * Stops the start when a route declares no policy, so that a forgotten decorator is found before a request finds it.
 * @throws Error naming every such route's handler.
 */
export function refuseUndeclaredRoutes(app: INestApplication): void {
  const scanner = new MetadataScanner();
  const undeclared: string[] = [];
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (!metatype) continue;
      const prototype = metatype.prototype as Record<string, object>;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name];
        if (!handler || !Reflect.hasMetadata(PATH_METADATA, handler)) continue;
        if (!policiesOf(handler, metatype)) undeclared.push(`${metatype.name}.${name}`);
      }
    }
  }
  if (undeclared.length > 0) {
    throw new Error(
      `These routes declare nobody who may call them; add @Permit(…): ${undeclared.join(', ')}`,
    );
  }
}
