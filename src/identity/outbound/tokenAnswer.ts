import { isJsonObject } from '../../graph/json.ts';
import { Secret } from '../../shared/secret.ts';
import type { AcquiredToken } from './token.ts';

/** Reads what a token endpoint granted; undefined where it is nothing that could be used. Numbers may come as texts. */
export function readGrant(json: unknown, nowMs: number): AcquiredToken | undefined {
  if (!isJsonObject(json)) {
    return undefined;
  }
  const token = json['access_token'];
  const expiresInMs = msOf(json['expires_in']) ?? untilMs(json['expires_on'], nowMs);
  return typeof token === 'string' && isSendable(token) && expiresInMs !== undefined
    ? { token: new Secret(token), expiresInMs, refreshInMs: msOf(json['refresh_in']) }
    : undefined;
}

function msOf(seconds: unknown): number | undefined {
  const isNumber = typeof seconds === 'number' || typeof seconds === 'string';
  return isNumber && /^\d{1,12}$/.test(String(seconds)) ? Number(seconds) * 1000 : undefined;
}

/** Managed identities give the time of the end, in seconds since the epoch. */
function untilMs(seconds: unknown, nowMs: number): number | undefined {
  const endMs = msOf(seconds);
  return endMs === undefined ? undefined : Math.max(0, endMs - nowMs);
}

/** Whether it is a text that a header can carry. */
function isSendable(token: string): boolean {
  return /^[\w.~+/-]+=*$/.test(token);
}
