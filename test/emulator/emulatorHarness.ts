import { connect, type Socket } from 'node:net';
import { request } from 'undici';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/shared/clock.ts';

export const collectionPath = '/beta/deviceManagement/complianceManagementPartners';

export const batchPath = '/beta/$batch';

/** One response of a batch. */
export interface BatchedReply {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface EmulatorReply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  /** The body as JSON; undefined if there is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

export interface TestEmulator extends Emulator {
  /** Sends a request with a valid token; a body is sent as JSON, a text as it is. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<EmulatorReply>;
  /** Posts a batch; the responses are in the order of the answer. */
  batch(requests: readonly object[], path?: string): Promise<readonly BatchedReply[]>;
}

/** A request of a batch with a body of JSON. */
export function writeOf(id: string, method: string, url: string, body: unknown): object {
  return { id, method, url, headers: { 'Content-Type': 'application/json' }, body };
}

/** Starts an emulator of the current beta without rows, with `good` as its token. */
export async function startTestEmulator(
  change: Partial<EmulatorOptions> = {},
): Promise<TestEmulator> {
  const emulator = await startEmulator({
    port: 0,
    generation: 'today',
    acceptToken: (token) => token === 'good',
    clock: systemClock,
    seed: [],
    ...change,
  });
  const ask: TestEmulator['ask'] = async (method, path, body, headers = {}) => {
    const answer = await request(`${emulator.baseUrl}${path}`, {
      method,
      headers: {
        authorization: 'Bearer good',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && {
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    });
    const text = await answer.body.text();
    const json = text.startsWith('{') ? JSON.parse(text) : undefined;
    return { status: answer.statusCode, headers: answer.headers, text, json };
  };
  return {
    ...emulator,
    ask,
    async batch(requests, path = batchPath) {
      const { json } = await ask('POST', path, { requests });
      return json?.['responses'] as BatchedReply[];
    },
  };
}

/** How a raw connection ended, and all bytes until then. */
export interface RawEnd {
  readonly end: 'fin' | 'reset';
  readonly text: string;
}

/** Opens a connection, sends a text and leaves the rest to the test. */
export async function openRaw(
  baseUrl: string,
  text = '',
): Promise<{ socket: Socket; ended: Promise<RawEnd> }> {
  const { hostname, port } = new URL(baseUrl);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  const ended = new Promise<RawEnd>((resolve) => {
    socket.on('end', () => resolve({ end: 'fin', text: received }));
    socket.on('error', () => resolve({ end: 'reset', text: received }));
  });
  await new Promise<void>((resolve) => socket.on('connect', resolve));
  socket.write(text);
  return { socket, ended };
}

/** A request as bytes, with a valid token. */
export function rawRequest(method: string, path: string, body = ''): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: graph.test:8080',
    'Authorization: Bearer good',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
