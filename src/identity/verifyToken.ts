import { compactVerify } from 'jose';
import type { Clock, EndSignal } from '../shared/clock.ts';
import { isJsonObject, parseStrictJson } from '../shared/json.ts';
import type { Secret } from '../shared/secret.ts';
import type { Log } from '../telemetry/log.ts';
import { type Caller, readCaller, type TokenRules } from './claims.ts';
import { IdentityError } from './errors.ts';
import { createDocumentReader, loadKeySet, startKeyStore } from './keys.ts';
import type { AuthorityWay } from './network.ts';

/** What an authority and its tokens have to be, and what the gateway is made of. */
interface IdentityOptions extends TokenRules, AuthorityWay {
  readonly keyTimeoutMs?: number | undefined;
  readonly clock: Clock;
  /** At least 0 and less than 1. */
  readonly chance: () => number;
  readonly log: Log;
}

/** Starts to load the authority's keys, with which callers are authenticated. */
export function startIdentity(options: IdentityOptions) {
  const read = createDocumentReader({ ...options, timeoutMs: options.keyTimeoutMs });
  const keys = startKeyStore((end) => loadKeySet(options, read, end), options);
  return { keys, identify: createIdentify(options, keys, options.clock) };
}

/**
 * Makes what finds out who calls, from an access token for this gateway. Nothing of the token but its form and its
 * audience is judged before its signature, so that probing the configuration needs a token of the authority. What it
 * gives rejects with IdentityError if the caller is rejected.
 */
export function createIdentify(
  rules: TokenRules,
  keys: Pick<ReturnType<typeof startKeyStore>, 'find'>,
  clock: Pick<Clock, 'now'>,
) {
  return async (token: Secret | undefined, signal: EndSignal): Promise<Caller> => {
    if (token === undefined) {
      throw new IdentityError('token-missing');
    }
    const text = token.reveal();
    const { header, payload } = readCompactToken(text);
    const kid = readKeyId(header);
    if (isGraphAudience(payload['aud'])) {
      throw new IdentityError('audience-is-graph');
    }
    const key = await keys.find(kid, signal);
    if (key === undefined) {
      throw new IdentityError('key-unknown');
    }
    await compactVerify(text, key.key, { algorithms: ['RS256'] }).catch(() => {
      throw new IdentityError('signature-invalid');
    });
    return readCaller(payload, key.issuer, rules, clock.now());
  };
}

const maximumLength = 16 * 1024;

/**
 * Takes a signed token apart, of which nothing is proven yet.
 * @throws IdentityError unless it is three parts in the one spelling that base64url has for them, the first two of them
 * JSON objects that every reader understands alike.
 */
function readCompactToken(text: string) {
  if (text.length > maximumLength) {
    throw new IdentityError('token-too-large');
  }
  const parts = text.split('.').map(decode);
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || !payload || !signature) {
    throw new IdentityError('token-malformed');
  }
  return { header: readObject(header), payload: readObject(payload) };
}

/** Strict, because `Buffer` skips what is no base64url and ignores the bits behind the last byte. */
function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

function readObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  const value = parseStrictJson(bytes);
  if (!isJsonObject(value)) {
    throw new IdentityError('token-malformed');
  }
  return value;
}

const types = ['jwt', 'at+jwt', 'application/at+jwt'];

/**
 * Reads which key a token says that it is signed with. Keys and addresses of keys in the header (`jwk`, `jku`, `x5c`,
 * `x5u`) are never looked at: the gateway knows its keys, and a token cannot bring its own.
 * @throws IdentityError if the header is not that of an access token of Entra's.
 */
function readKeyId({ alg, kid, typ, ...others }: Readonly<Record<string, unknown>>): string {
  if (alg !== 'RS256') {
    throw new IdentityError('algorithm-not-allowed');
  }
  const isOfType = typeof typ === 'string' && types.includes(typ.toLowerCase());
  // What is critical has to be understood, and nothing that could stand there is.
  if (Object.hasOwn(others, 'crit') || (typ !== undefined && !isOfType)) {
    throw new IdentityError('header-not-allowed');
  }
  if (typeof kid !== 'string' || kid === '') {
    throw new IdentityError('key-unknown');
  }
  return kid;
}

const audiences: ReadonlySet<string> = new Set([
  '00000003-0000-0000-c000-000000000000',
  'https://graph.microsoft.com',
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
  'https://microsoftgraph.chinacloudapi.cn',
]);

/**
 * Whether a token says that it is for Microsoft Graph, in whichever cloud. This is asked before the signature: Graph's
 * tokens are not made to be verified by others, and the one who brings one shall hear what is wrong with it.
 */
function isGraphAudience(audience: unknown): boolean {
  return typeof audience === 'string' && audiences.has(audience.toLowerCase().replace(/\/$/, ''));
}
