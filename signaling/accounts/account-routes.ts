// The accounts' REST API as a Fastify plugin: the guards before every route, and one shape for every error. What each route does
// is in the files beside this one and in moderation/; PROTOCOL.md lists them.
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { answerError, ApiError } from './api-error.ts';
import { addressOf, pageOf, type AccountsContext } from './context.ts';
import { operatorRoutes } from '../moderation/operator-routes.ts';
import { reportRoutes } from '../moderation/report-routes.ts';
import { deviceRoutes } from './device-routes.ts';
import { invitationRoutes } from './invitation-routes.ts';
import { ownRoutes } from './own-routes.ts';
import { poolRoutes } from './pool-routes.ts';
import { signInRoutes } from './sign-in-routes.ts';
import { ticketRoutes } from './ticket-routes.ts';

/** Bytes of a request whose route names no other bound. */
const BODY_BYTES_MAX = 4096;

/** To be registered under the prefix `/api`. */
export function accountRoutes(context: AccountsContext): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.addHook('onRoute', (route) => {
      route.bodyLimit ??= BODY_BYTES_MAX;
    });
    takeOnlyOurTypes(app);
    app.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store');
      context.rates.take('request', addressOf(request, context));
      // Before anything is read: a page of somebody else's may not even try.
      if (request.method !== 'GET' && request.method !== 'HEAD') pageOf(request, context);
    });
    app.get('/about', () => ({ accounts: true, guests: context.guests, reports: true }));
    signInRoutes(app, context);
    ownRoutes(app, context);
    deviceRoutes(app, context);
    poolRoutes(app, context);
    invitationRoutes(app, context);
    ticketRoutes(app, context);
    reportRoutes(app, context);
    operatorRoutes(app, context);
    app.all('/*', () => {
      throw new ApiError('not-found');
    });
  };
}

/** JSON without tricks with prototypes, and pictures. No form that a page of somebody else's could send without asking. */
function takeOnlyOurTypes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'));
  app.addContentTypeParser(['image/png', 'image/webp'], { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}
