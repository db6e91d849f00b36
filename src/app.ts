import 'reflect-metadata';
import type { Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  errorCodes,
  type FastifyBodyParser,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { v7 } from 'uuid';
import { AppModule } from './app.module.js';
import { refuseUndeclaredRoutes } from './auth/policy-check.js';
import type { Config } from './config/config.js';
import { Database } from './database/database.js';
import { parseScimBody, scimType } from './directory-sync/scim/scim.body.js';
import { entitiesFor } from './entities.js';
import { doorPaths } from './gate/doors/door.docs.js';
import { mountDoors, routedBy } from './gate/doors/door.routes.js';
import { Doors } from './gate/doors/doors.js';
import { serveDocumentation } from './http/documentation.js';
import { sendProblem, toProblem } from './http/problem.filter.js';
import { securityHeaders } from './http/security-headers.js';
import { createLogger, NestLogger } from './observability/logger.js';
import { Metrics } from './observability/metrics.js';

/** What a test may hold still or watch; the process itself leaves everything as it is. */
export interface AppOptions {
  readonly logger?: Logger;
  /** What to do with a process that must not write on; exits by default. */
  readonly abandonProcess?: (reason: string) => void;
}

/**
 * Builds the application: database connected and migrated, routes checked, documentation served. The same for the
 * process, the tests and the OpenAPI command. The caller listens and closes.
 * @throws ConfigError, DatabaseUnavailable; an Error naming routes without a policy.
 */
export async function createApp(config: Config, options: AppOptions = {}): Promise<NestFastifyApplication> {
  const logger = options.logger ?? createLogger(config);
  const abandonProcess = options.abandonProcess ?? exitAtOnce(logger);
  const database = await Database.open(config, entitiesFor);
  try {
    const app = await NestFactory.create<NestFastifyApplication>(
      AppModule.with(config, database, abandonProcess),
      createAdapter(config, logger),
      // Signatures of what comes in are over its exact bytes.
      { logger: new NestLogger(logger), abortOnError: false, rawBody: true },
    );
    app.setGlobalPrefix('api/v1', { exclude: ['health/live', 'health/ready', 'metrics', 'scim/v2/{*path}'] });
    app.useBodyParser(scimType, {}, parseScimBody);
    app.useBodyParser(['text/xml', 'application/xml'], {}, onlyWhereXmlIsRead);
    refuseUndeclaredRoutes(app);
    const fastify = app.getHttpAdapter().getInstance();
    watchRequests(fastify, app.get(Metrics), logger);
    letConnectionsEnd(fastify);
    serveDocumentation(app, doorPaths);
    mountDoors(fastify, app.get(Doors));
    await app.init();
    return app;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function createAdapter(config: Config, logger: Logger): FastifyAdapter {
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.bodyLimit,
    trustProxy: config.trustProxy,
    // The longest key is a code of 125 characters, each up to 12 bytes when it is percent-encoded.
    routerOptions: { maxParamLength: 2_000 },
    rewriteUrl: ({ url = '/' }) =>
      routedBy(url.replace(providerAnswers, '/api/v1$1').replace(fieldOptions, '/api/v1$1')),
    // Paths that cannot be routed are told as every other mistake.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(toProblem(error), request, reply),
    forceCloseConnections: 'idle',
    genReqId: (request: { headers: NodeJS.Dict<string | string[]> }) =>
      requestId(request.headers['x-request-id']),
  });
}

/** WeCom delivers its events as XML, and who receives them reads the bytes; everybody else is told that it is not read. */
const onlyWhereXmlIsRead: FastifyBodyParser<Buffer> = (request, body, done) => {
  if (request.originalUrl.startsWith('/api/v1/wecom/callback/')) done(null, body);
  else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(request.headers['content-type'] ?? ''));
};

/** Requirement 000 writes where providers answer without our prefix, and with a slash at the end. */
const providerAnswers = /^(?:\/api\/v1)?(\/change_approve_request_status\/[^/?]+)\/?(?=\?|$)/;

/** Requirement 001 writes where options of widgets are asked for without our prefix, too. */
const fieldOptions = /^(\/field\/[^/?]+)(?=\?|$)/;

/** The caller's request id when it is harmless to repeat in logs, else a new one. */
const requestId = (given: string | string[] | undefined): string =>
  typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : v7();

/** Security headers and the request id on every answer; one log line and one measurement, without the query. */
function watchRequests(fastify: FastifyInstance, metrics: Metrics, logger: Logger): void {
  const security = securityHeaders();
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers(security).header('x-request-id', request.id);
    done();
  });
  fastify.addHook('onResponse', (request: FastifyRequest, reply, done) => {
    const milliseconds = reply.elapsedTime;
    metrics.observeRequest(
      request.method,
      request.routeOptions.url ?? 'none',
      reply.statusCode,
      milliseconds / 1000,
    );
    logger.info(
      {
        reqId: request.id,
        method: request.method,
        path: request.originalUrl.split('?', 1)[0],
        status: reply.statusCode,
        ms: Math.round(milliseconds * 10) / 10,
      },
      'request',
    );
    done();
  });
}

/**
 * A closing server ends the connections that are idle at that moment. Those of requests under way become idle later,
 * and their callers may keep them alive for minutes: they are ended as soon as their answer is out. Those on which nothing
 * was ever asked do not count as idle to Node.
 */
function letConnectionsEnd(fastify: FastifyInstance): void {
  const unused = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  fastify.server.on('request', ({ socket }) => unused.delete(socket));
  let sweeper: NodeJS.Timeout | undefined;
  fastify.addHook('preClose', (done) => {
    sweeper = setInterval(() => {
      fastify.server.closeIdleConnections();
      for (const socket of unused) socket.destroy();
    }, 50);
    done();
  });
  fastify.addHook('onClose', (_instance, done) => {
    clearInterval(sweeper);
    done();
  });
}

function exitAtOnce(logger: Logger): (reason: string) => void {
  return (reason) => {
    logger.fatal({ reason }, 'the process must not write on and ends');
    process.exit(70);
  };
}
