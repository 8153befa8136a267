import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { ServerCertificate } from './certificates.ts';
import { until } from './until.ts';

/** One export as it came. */
interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked, byte for byte. */
  readonly body: Buffer;
}

/** A span as OTLP's JSON has it, with its attributes as a record. */
interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 2 is a server's, 3 a client's. */
  readonly kind: number;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly unknown[];
}

export type OtlpReceiver = Awaited<ReturnType<typeof startOtlpReceiver>>;

export type ReceiverAnswer = (response: ServerResponse) => void;

const takeIt: ReceiverAnswer = (response) => {
  response.setHeader('content-type', 'application/json');
  response.end('{}');
};

/** Starts a collector; it takes everything unless the test says how it answers, and speaks TLS with a certificate. */
export async function startOtlpReceiver(answer = takeIt, tls?: ServerCertificate) {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const onRequest: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const bytes = Buffer.concat(chunks);
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      received.push({ path, headers, body });
      answer(response);
    });
  };
  const server = tls ? createSecureServer(tls, onRequest) : createServer(onRequest);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What came, in its order. */
    received: received as readonly Received[],
    /** The spans that came as JSON. */
    spans: (): readonly ReceivedSpan[] =>
      received
        .filter(({ path, headers }) => path === '/v1/traces' && isJson(headers))
        .flatMap(({ body }) => spansIn(JSON.parse(body.toString('utf8')))),
    /** Every text that came; texts stand in protobuf as they are. */
    texts: (): string => received.map(({ body }) => body.toString('utf8')).join('\n'),
    /** Waits for so many exports to a path. */
    until: (path: string, count = 1): Promise<void> =>
      until(() => received.filter((one) => one.path === path).length >= count),
    async close(): Promise<void> {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const isJson = (headers: IncomingHttpHeaders): boolean =>
  headers['content-type'] === 'application/json';

interface WireSpans {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'attributes'> & {
        readonly attributes: readonly { readonly key: string; readonly value: object }[];
      })[];
    }[];
  }[];
}

function spansIn({ resourceSpans }: WireSpans): readonly ReceivedSpan[] {
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans));
  return spans.map(({ attributes, ...span }) => ({
    ...span,
    attributes: Object.fromEntries(
      attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
    ),
  }));
}
