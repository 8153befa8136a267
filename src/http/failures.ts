import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../config/http.ts';
import { LimitProblem, problemOf, RequestProblem } from '../graphql/errorFormat.ts';
import type { Log } from '../telemetry/log.ts';
import type { Measurements } from '../telemetry/metrics.ts';

interface FailureParts {
  readonly limits: Limits;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'limitExceeded' | 'connectionCut'>;
}

/** Builds what answers whatever is thrown on the way to an operation. */
export function createFailureAnswer({ limits, log, measurements }: FailureParts) {
  return (
    error: Error & { statusCode?: number },
    request: FastifyRequest,
    reply: FastifyReply,
  ): void => {
    const problem = error.statusCode === 413 ? bodyTooLarge(request, limits) : error;
    const { status, body } =
      problem instanceof RequestProblem ? problem : problemOf(error.statusCode ?? 500);
    if (problem instanceof LimitProblem) {
      measurements.limitExceeded(problem.limit, 'rejected');
    }
    if (status >= 500 && !(problem instanceof RequestProblem)) {
      log.error('A request failed unexpectedly', { requestId: request.id }, error);
    }
    request.trace?.noteErrors(body.errors.map(({ extensions }) => extensions.code));
    reply.code(status).type(problemTypeOf(request)).send(body);
  };
}

/** Clients that know GraphQL's own type read the answer whatever its status is; others get plain JSON. */
function problemTypeOf({ headers: { accept } }: FastifyRequest): string {
  const isKnown = accept?.includes('application/graphql-response+json') === true;
  return `application/${isKnown ? 'graphql-response+json' : 'json'}; charset=utf-8`;
}

function bodyTooLarge({ headers }: FastifyRequest, { bodyBytes: allowed }: Limits): LimitProblem {
  const announced = Number(headers['content-length']);
  const isExact = announced > allowed;
  const seen = isExact ? announced : allowed + 1;
  return new LimitProblem({ limit: 'body-bytes', allowed, seen, isExact });
}

/** What every answer says unless it knows better: it is for this caller now, and it is what it says it is. */
export const answerHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

type ConnectionFault = Pick<RequestProblem, 'status' | 'body'>;

/** An error of node:http for bytes that never became a request. */
interface ClientError {
  readonly code?: string | undefined;
  readonly message?: string;
  /** What was read last. */
  readonly rawPacket?: unknown;
}

/** A request line that is longer is to blame if the head of a request is too large, as far as the packet tells. */
const longRequestLine = 8 * 1024;

function isUriTooLong(packet: unknown): boolean {
  if (!Buffer.isBuffer(packet)) {
    return false;
  }
  const end = packet.indexOf('\n');
  const isFromStart = /^[A-Z]+ /.test(packet.toString('latin1', 0, 16));
  return end === -1 || (isFromStart && end > longRequestLine);
}

/** What is answered to bytes that never became a request; undefined if no reader is left. */
function faultOf({ code, message, rawPacket }: ClientError): ConnectionFault | undefined {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problemOf(408);
    case 'HPE_HEADER_OVERFLOW':
      return problemOf(isUriTooLong(rawPacket) ? 414 : 431);
    case 'HPE_INVALID_TRANSFER_ENCODING':
      // llhttp has one code for an encoding that it does not know and for one beside a length.
      return /content-length/i.test(message ?? '')
        ? badRequest('Malformed HTTP request.')
        : transferEncodingProblem();
    case 'HPE_INVALID_METHOD':
      return badRequest('Malformed HTTP request, or an unknown method.');
    default:
      return badRequest('Malformed HTTP request.');
  }
}

/**
 * Adds answers in JSON if Node.js has none of its own or one without a word: a request without `Host`, one with an
 * expectation that cannot be met, and one that takes the gateway for a proxy.
 */
export function addConnectionFaults(app: FastifyInstance, log: Log): void {
  app.server.on('checkExpectation', app.routing);
  app.server.on('connect', (_request, socket) => {
    log.info('Answered', { method: 'CONNECT', status: 405 });
    socket.on('error', () => socket.destroy());
    sayAndCut(socket, new RequestProblem(405, 'METHOD_NOT_ALLOWED', 'The gateway is not a proxy.'));
  });
  const misread = new WeakSet<Socket>();
  app.addHook('onRequest', ({ raw }, reply, done) => {
    // Never sent: the connection closes after the answer before it.
    const problem = misread.has(raw.socket)
      ? badRequest('The request before this one could not be read.')
      : findHeadProblem(raw);
    if (problem?.status === 501) {
      misread.add(raw.socket);
      reply.header('connection', 'close');
    }
    done(problem);
  });
}

export const badRequest = (message: string): RequestProblem =>
  new RequestProblem(400, 'BAD_REQUEST', message);

/** Where a body ends is known for chunks only: with another encoding, readers on the way may find other requests. */
const transferEncodingProblem = (): RequestProblem =>
  new RequestProblem(
    501,
    'TRANSFER_ENCODING_NOT_SUPPORTED',
    'The only transfer encoding that is supported is "chunked". Send the request with it or with a content-length.',
  );

/** What is wrong with a request whose head could be read. */
function findHeadProblem({ headers, httpVersion }: IncomingMessage): RequestProblem | undefined {
  if (headers.host === undefined && httpVersion === '1.1') {
    return badRequest('The header "host" is missing.');
  }
  const transferEncoding = headers['transfer-encoding'];
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') {
    return transferEncodingProblem();
  }
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    return new RequestProblem(
      417,
      'EXPECTATION_FAILED',
      'The only expectation that can be met is 100-continue.',
    );
  }
  return undefined;
}

/** For Fastify's `clientErrorHandler`. */
export function answerClientError(
  error: ClientError,
  socket: Duplex,
  { log, measurements }: FailureParts,
): void {
  if (socket.writableEnded) {
    // It has its answer; this is more of the same request.
    return;
  }
  const fault = faultOf(error);
  const isAnswerDue = owesAnswer(socket);
  cutConnection(socket, fault);
  if (fault !== undefined) {
    measurements.connectionCut(fault.status === 408 ? 'request-timeout' : 'malformed');
  }
  log.info('A connection ended without a request', {
    status: isAnswerDue ? undefined : fault?.status,
    systemCode: error.code,
  });
}

/** Ends a connection: with an answer, if there is one and it cannot be taken for another request's. */
export function cutConnection(socket: Duplex, fault: ConnectionFault | undefined): void {
  if (fault === undefined || owesAnswer(socket) || !socket.writable) {
    socket.destroy();
  } else {
    sayAndCut(socket, fault);
  }
}

/** Node.js looks after such a socket no more: without the cut it would be held for as long as its peer likes. */
function sayAndCut(socket: Duplex, fault: ConnectionFault): void {
  socket.end(toWire(fault), () => socket.destroy());
}

/**
 * Whether an earlier request of the connection waits for its answer, or is in it: whatever goes out now would be taken
 * for that answer.
 */
function owesAnswer(socket: Duplex): boolean {
  // node:http keeps the response whose turn it is here; there is no public way to it.
  const response: unknown = Reflect.get(socket, '_httpMessage');
  return response instanceof ServerResponse && (response.headersSent || response.req.complete);
}

function toWire({ status, body }: ConnectionFault): string {
  const text = JSON.stringify(body);
  const retryAfter = body.errors[0].extensions['retryAfterSeconds'];
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    ...answerHeaders,
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`;
}
