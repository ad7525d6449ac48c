// The server, loaded so that jest can: @fastify/static requires a module that is ESM only, which Node does since 20.19
// and jest on Node 20 does not. What that module gives is used for downloads alone, and we offer none.
import { jest } from '@jest/globals';

jest.mock('content-disposition', () => ({
  create: () => {
    throw new Error('nothing here is served as a download');
  },
}));

const server: typeof import('../../signaling/server.ts') = await import('../../signaling/server.ts');
export const startServer: typeof server.startServer = server.startServer;
