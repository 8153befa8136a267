import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenErrorOf } from '../../config/http.ts';
import type { ListenConfig } from '../../config/telemetry.ts';

/** What serves metrics to those who scrape them. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

const notFound = JSON.stringify({
  errors: [
    { message: 'There is nothing here but GET /metrics.', extensions: { code: 'NOT_FOUND' } },
  ],
});
const failed = JSON.stringify({
  errors: [
    { message: 'The metrics cannot be read.', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
  ],
});

/** Serves `GET /metrics`, and nothing else. @throws StartError or ConfigError if it cannot listen there. */
export async function startMetricsServer(
  { host, port }: ListenConfig,
  readMetrics: () => Promise<string>,
): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, answer);
  server.maxConnections = 64;
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${shownHost}:${address.port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function answer(...[request, response]: Parameters<RequestListener>): void {
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(body);
    };
    request.resume();
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      send(404, 'application/json; charset=utf-8', notFound);
      return;
    }
    readMetrics().then(
      (text) => send(200, 'text/plain; version=0.0.4; charset=utf-8', text),
      () => send(500, 'application/json; charset=utf-8', failed),
    );
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Not once: one that comes while it runs, such as no file descriptor for a connection, must not end the gateway.
    server.on('error', (error) => {
      reject(
        listenErrorOf(error, {
          what: 'it cannot serve metrics',
          host,
          port,
          hostVariable: 'OTEL_EXPORTER_PROMETHEUS_HOST',
          portVariable: 'OTEL_EXPORTER_PROMETHEUS_PORT',
        }),
      );
    });
    server.listen({ host, port }, resolve);
  });
}
