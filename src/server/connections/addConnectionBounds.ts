import type { FastifyInstance } from 'fastify';
import type { Log } from '../../telemetry/log.ts';
import type { Measurements } from '../../telemetry/measurements.ts';
import type { ConnectionTimes } from './connectionOptions.ts';

export interface ConnectionParts {
  readonly connections: ConnectionTimes;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'connectionCut'>;
}

/** Cuts callers off that do not read their answers, and takes no more connections than there may be. */
export function addConnectionBounds(app: FastifyInstance, parts: ConnectionParts): void {
  const { connections, log, measurements } = parts;
  app.server.maxConnections = connections.limit;
  app.server.on('drop', () => {
    measurements.connectionCut('limit');
    log.debug('A connection was cut', { reason: 'limit' });
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    // node:http starts the time anew with each byte that is taken. It would go on into the next request's operation
    // where one is waiting on the connection already.
    reply.raw.prependOnceListener('finish', () => request.raw.socket.setTimeout(0));
    reply.raw.setTimeout(connections.responseIdleTimeoutMs, () => {
      measurements.connectionCut('response-idle');
      log.info('A connection was cut', { reason: 'response-idle', requestId: request.id });
      request.raw.socket.destroy();
    });
    done(null, payload);
  });
}
