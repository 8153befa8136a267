import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { ServerCertificate } from './certificates.ts';
import { until } from './until.ts';

/** One export as it came, unpacked; texts stand in protobuf as they are. */
interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A span of OTLP's JSON. */
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 2 is a server's, 3 a client's. */
  readonly kind: number;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

export type ReceiverAnswer = (response: ServerResponse) => void;

const takeIt: ReceiverAnswer = (response) => {
  response.setHeader('content-type', 'application/json');
  response.end('{}');
};

/** Starts a collector; it takes everything unless the test says how it answers, and speaks TLS with a certificate. */
export async function startOtlpReceiver(answer = takeIt, tls?: ServerCertificate) {
  const received: Received[] = [];
  const onRequest: RequestListener = async (request, response) => {
    const { url: path = '', headers } = request;
    const bytes = await buffer(request).catch(() => undefined);
    // Undefined if it was given up on its way.
    if (bytes !== undefined) {
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      received.push({ path, headers, text: body.toString('utf8') });
      answer(response);
    }
  };
  const server = tls ? createSecureServer(tls, onRequest) : createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What came, in its order. */
    received: received as readonly Received[],
    /** The spans that came as JSON, with their attributes as a record. */
    spans: () =>
      received
        .filter(({ path, text }) => path.endsWith('traces') && text.startsWith('{'))
        .flatMap(({ text }) => JSON.parse(text).resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }): readonly Span[] => spans)
        .map(({ attributes, ...span }) => {
          const pairs = attributes.map(({ key, value }) => [key, Object.values(value)[0]]);
          return { ...span, attributes: Object.fromEntries(pairs) };
        }),
    /** Every text that came. */
    texts: (): string => received.map(({ text }) => text).join('\n'),
    /** Waits for so many exports to a path. */
    until: (path: string, count = 1): Promise<void> =>
      until(() => received.filter((one) => one.path === path).length >= count),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
