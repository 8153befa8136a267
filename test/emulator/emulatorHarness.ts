import { afterAll } from '@jest/globals';
import { request } from 'undici';
import type { EmulatorOptions } from '../../src/emulator/server.ts';
import { embeddedGraphToken } from '../../src/shared/secret.ts';
import { startTestGraph } from '../support/testGraphs.ts';

/** Behind the version. */
export const partnersPath = '/deviceManagement/complianceManagementPartners';
export const collectionPath = `/beta${partnersPath}`;
export const batchPath = '/beta/$batch';

/** A request of a batch with a body of JSON. */
export function writeOf(id: string, method: string, url: string, body: unknown): object {
  return { id, method, url, headers: { 'Content-Type': 'application/json' }, body };
}

export type TestEmulator = Awaited<ReturnType<typeof startTestEmulator>>;

/** Starts an emulator of the current beta without rows. */
export async function startTestEmulator(change: Partial<EmulatorOptions> = {}) {
  const emulator = await startTestGraph({ seed: [], ...change });

  /** Sends a request with a valid token; a body is sent as JSON, a text as it is. An answer without JSON has none. */
  async function ask(method: string, path: string, body?: unknown, headers = {}) {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const answer = await request(`${emulator.baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${embeddedGraphToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: isRaw ? body : body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    const json: Record<string, unknown> = text.startsWith('{') ? JSON.parse(text) : {};
    return { status: answer.statusCode, headers: answer.headers, text, json };
  }

  /** Posts a batch; the responses are in the order of the answer. */
  async function batch(requests: readonly object[], path = batchPath) {
    const { json } = await ask('POST', path, { requests });
    return json['responses'] as { readonly id: string; readonly status: number }[];
  }
  return { ...emulator, ask, batch };
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
