import { afterAll } from '@jest/globals';
import { request } from 'undici';
import type { Emulator, EmulatorOptions } from '../../src/emulator/server.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { startTestGraph } from '../support/testGraphs.ts';

/** Behind the version. */
export const partnersPath = '/deviceManagement/complianceManagementPartners';
export const collectionPath = `/beta${partnersPath}`;
export const batchPath = '/beta/$batch';

export interface EmulatorReply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  /** The body as JSON; undefined if there is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** One response of a batch. */
interface BatchedReply {
  readonly id: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
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

/** Starts an emulator of the current beta without rows. */
export async function startTestEmulator(
  change: Partial<EmulatorOptions> = {},
): Promise<TestEmulator> {
  const emulator = await startTestGraph({ seed: [], ...change });
  const ask: TestEmulator['ask'] = async (method, path, body, headers = {}) => {
    const answer = await request(`${emulator.baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${embeddedGraphToken}`,
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

/** Starts one for a whole test file. */
export async function useTestEmulator(change?: Partial<EmulatorOptions>): Promise<TestEmulator> {
  const emulator = await startTestEmulator(change);
  afterAll(emulator.close);
  return emulator;
}

/** A request as bytes, with a valid token. */
export function rawRequest(method: string, path: string, body = ''): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: graph.test:8080',
    `Authorization: Bearer ${embeddedGraphToken}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
