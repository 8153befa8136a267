import { LRUCache } from 'lru-cache';
import { Secret } from '../shared/secret.ts';
import type { CallerTrace } from '../telemetry/requestTrace.ts';
import type { ProblemBody } from './problems.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Gives the id by which a request is followed through caller, gateway and Graph: the caller's, where its form is
 * safe to repeat in headers and logs, else undefined.
 */
export function readClientRequestId(headers: Headers): string | undefined {
  const id = headers['client-request-id'];
  return typeof id === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : undefined;
}

/** Gives the caller's trace context (W3C, version 00, ids that are not all zero), else undefined. */
export function readTraceparent(headers: Headers): string | undefined {
  const text = headers['traceparent'];
  const form = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
  return typeof text === 'string' && form.test(text) ? text : undefined;
}

/** Gives the caller's trace context with its state, which is left to those who know its form; undefined without one. */
export function readCallerTrace(headers: Headers): CallerTrace | undefined {
  const traceparent = readTraceparent(headers);
  const state = headers['tracestate'];
  const tracestate = Array.isArray(state) ? state.join() : state;
  return traceparent === undefined ? undefined : { traceparent, tracestate };
}

/**
 * Gives how long, in milliseconds, a caller is ready to wait: `Prefer: wait=<seconds>` of RFC 7240, decimals allowed.
 * Undefined if there is no such preference; one that makes no sense is ignored, as the RFC has it.
 */
export function readRequestedWaitMs(headers: Headers): number | undefined {
  const prefer = headers['prefer'];
  const text = Array.isArray(prefer) ? prefer.join() : (prefer ?? '');
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,6}(?:\.\d{1,3})?)"?\s*(?:[,;]|$)/i.exec(text)?.[1];
  return seconds === undefined || Number(seconds) === 0 ? undefined : Number(seconds) * 1000;
}

const maximumLength = 16 * 1024;

/** Digesting a token takes longer than all else that is done with one, so the last ones are known by their header. */
const knownTokens = new LRUCache<string, Secret>({
  maxSize: 4 * 1024 * 1024,
  sizeCalculation: (_secret, header) => 2 * header.length,
});

/**
 * Reads the caller's bearer token from `Authorization`, which came once. Only its form is judged: Graph's tokens are
 * opaque to everyone else.
 */
export function readCallerToken(header = ''): Secret | undefined {
  const known = knownTokens.get(header);
  if (known !== undefined) {
    return known;
  }
  const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
  if (token === undefined || token.length > maximumLength) {
    return undefined;
  }
  const secret = new Secret(token);
  knownTokens.set(header, secret);
  return secret;
}

const single: ReadonlySet<string> = new Set(['authorization', 'content-type', 'host']);

/** Gives the name of a header that came twice and must not: of two, each reader on the way could pick another one. */
export function findDuplicateHeader(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (single.has(name)) {
      if (seen.has(name)) {
        return name;
      }
      seen.add(name);
    }
  }
  return undefined;
}

/** What a request is answered that has such a header. */
export function duplicateHeaderBody(name: string): ProblemBody {
  const message = `The header "${name}" is repeated. Send it once.`;
  return { errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] };
}
