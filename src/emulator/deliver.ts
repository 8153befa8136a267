import type { ServerResponse } from 'node:http';
import type { ErrorStamp } from './errorEnvelopes.ts';
import type { FaultAnswer, Kill } from './faults.ts';

/** An answer with its final bytes. */
export interface Delivery {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The media type of every answer with a body. */
export const contentType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';

const diagnostic = JSON.stringify({
  ServerInfo: {
    DataCenter: 'Embedded',
    Slice: 'E',
    Ring: '1',
    ScaleUnit: '000',
    RoleInstance: 'EMBEDDEDGRAPH0',
  },
});

/** Puts Graph's headers around an answer; the answer's own win. */
export function prepareDelivery(answer: FaultAnswer, stamp: ErrorStamp): Delivery {
  const { status, headers = {}, body } = answer;
  const bytes = toBytes(body);
  return {
    status,
    headers: {
      'cache-control': 'private',
      'strict-transport-security': 'max-age=31536000',
      'request-id': stamp.requestId,
      'client-request-id': stamp.clientRequestId,
      'x-ms-ags-diagnostic': diagnostic,
      date: new Date(stamp.nowMs).toUTCString(),
      ...(body !== undefined && { 'content-type': contentType, 'odata-version': '4.0' }),
      // RFC 9110 forbids a length on 204.
      ...(status !== 204 && { 'content-length': String(bytes.length) }),
      ...headers,
    },
    body: bytes,
  };
}

/** Sends an answer, or does to the connection what a fault says. */
export function deliver(response: ServerResponse, delivery: Delivery, kill?: Kill): void {
  const { socket } = response;
  switch (kill) {
    case undefined:
      response.writeHead(delivery.status, { ...delivery.headers });
      response.end(delivery.body);
      return;
    case 'reset':
      socket?.resetAndDestroy();
      return;
    case 'close':
      socket?.end();
      return;
    case 'silence':
      return;
    case 'truncate': {
      const half = delivery.body.subarray(0, Math.floor(delivery.body.length / 2));
      response.writeHead(delivery.status, { ...delivery.headers });
      response.write(half, () => socket?.end());
    }
  }
}

function toBytes(body: FaultAnswer['body']): Buffer {
  if (body === undefined) {
    return Buffer.alloc(0);
  }
  const isText = typeof body === 'string' || Buffer.isBuffer(body);
  return Buffer.from(isText ? body : JSON.stringify(body));
}
