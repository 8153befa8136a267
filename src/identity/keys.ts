import { type CryptoKey, importJWK } from 'jose';
import type { Dispatcher } from 'undici';
import { abortable, type Clock, EndController, type EndSignal } from '../shared/clock.ts';
import { errnoCodeOf } from '../shared/forms.ts';
import { isJsonObject, isJsonType, parseStrictJson } from '../shared/json.ts';
import { isLoopback, rejectsCredentials } from '../shared/proxy.ts';
import type { Log } from '../telemetry/log.ts';
import { issuersOf, type TokenRules } from './claims.ts';
import { IdentityError } from './errors.ts';
import { type AuthorityWay, connectTo, readBounded, withinLimit } from './network.ts';

interface KeyStoreParts {
  readonly clock: Clock;
  /** At least 0 and less than 1: it keeps replicas from asking all at once. */
  readonly chance: () => number;
  readonly log: Log;
}

const dayMs = 24 * 3_600_000;
/** However many ask for keys that are unknown, the authority is asked no more often than this. */
const leastPauseMs = 10_000;
const longestPauseMs = 300_000;

/**
 * Starts to load keys, and keeps them: a day long, one day more through outages, and no document that cannot be believed
 * in their place.
 */
// Tried over jose's `createRemoteJWKSet`: longer, because it knows no issuer of a key, no age, no back-off and no clock but
// the machine's, and takes broken or short keys. What it would do here are an import and a promise to share.
export function startKeyStore(
  load: (end: EndSignal) => Promise<KeySet>,
  { clock, chance, log }: KeyStoreParts,
) {
  const end = new EndController();
  let good: { readonly keys: KeySet; readonly loadedAtMs: number } | undefined;
  let loading: Promise<void> | undefined;
  let triedAtMs = 0;
  let failures = 0;
  let stopTimer = (): void => undefined;

  // A clock that was set back must not make keys younger than new.
  const ageMs = () => good && Math.max(0, clock.now() - good.loadedAtMs);
  const usableKeys = () => ((ageMs() ?? 0) < 2 * dayMs ? good?.keys : undefined);

  function start(): void {
    stopTimer();
    triedAtMs = clock.now();
    loading = loadOnce().finally(() => {
      loading = undefined;
      if (!end.aborted) {
        // Long after a success; short and then longer after failures.
        const backOffMs = Math.min(longestPauseMs, leastPauseMs * 2 ** (failures - 1));
        const pauseMs = (failures === 0 ? dayMs : backOffMs) * (1 - chance() / 5);
        stopTimer = clock.startTimer(pauseMs, start);
      }
    });
  }

  async function loadOnce(): Promise<void> {
    try {
      good = { keys: await load(end), loadedAtMs: clock.now() };
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!end.aborted) {
        const { problem: reason, systemCode } =
          error instanceof DocumentError ? error : { problem: 'unexpected', systemCode: undefined };
        const state = usableKeys() ? 'the last valid keys stay in use' : 'no keys';
        log.warn('The keys to check tokens with could not be loaded.', {
          reason,
          systemCode,
          state,
        });
      }
    }
  }

  start();
  return {
    /** Whether keys were loaded once. */
    get isReady() {
      return good !== undefined;
    },
    /** How long ago the keys in use were loaded; undefined if there are none. */
    get ageMs() {
      return ageMs();
    },
    /**
     * Finds a key, looking for newer keys first if it is unknown.
     * @throws IdentityError if there are no keys at all, or the signal fires while they are waited for.
     */
    async find(kid: string, signal: EndSignal): Promise<SigningKey | undefined> {
      const known = usableKeys()?.get(kid);
      if (known !== undefined) {
        return known;
      }
      const passedMs = clock.now() - triedAtMs;
      // If the clock was set back, the passed time is negative and unknown.
      if (!loading && !end.aborted && (passedMs < 0 || passedMs >= leastPauseMs)) {
        start();
      }
      if (loading !== undefined) {
        await abortable(signal, loading, () => new IdentityError('wait-ended'));
      }
      const keys = usableKeys();
      if (keys === undefined) {
        throw new IdentityError('keys-unavailable');
      }
      return keys.get(kid);
    },
    /** Stops loading and leaves no timer behind. Keys that are there can still be found. */
    close(): void {
      end.abort();
      stopTimer();
    },
  };
}

/** A public key of the authority's. */
export interface SigningKey {
  readonly key: CryptoKey;
  /** The issuer that it is for, if the authority says it. */
  readonly issuer: string | undefined;
}

/** Keys by their ids. */
type KeySet = ReadonlyMap<string, SigningKey>;

const maximumKeys = 100;

/**
 * Makes keys of a key document. What is not for RS256 is left out, because other keys may stand beside those.
 * @throws DocumentError if nothing is left, or two keys have one id.
 */
async function readKeySet(document: unknown): Promise<KeySet> {
  const entries = isJsonObject(document) ? document['keys'] : undefined;
  if (!Array.isArray(entries) || entries.length > maximumKeys) {
    throw new DocumentError('it has no list of keys, or an endless one');
  }
  const keys = new Map<string, SigningKey>();
  for (const entry of entries.filter(isJsonObject)) {
    const { kid, issuer } = entry;
    const isNamed = typeof kid === 'string' && kid !== '';
    const key = await importKey(entry);
    if (isNamed && key && (issuer === undefined || typeof issuer === 'string')) {
      if (keys.has(kid)) {
        throw new DocumentError('two of its keys have one id');
      }
      keys.set(kid, { key, issuer });
    }
  }
  if (keys.size === 0) {
    throw new DocumentError('it has no key for RS256');
  }
  return keys;
}

async function importKey(entry: Readonly<Record<string, unknown>>): Promise<CryptoKey | undefined> {
  const { kty, use = 'sig', alg = 'RS256', n, e } = entry;
  const isForRs256 = kty === 'RSA' && use === 'sig' && alg === 'RS256';
  if (!isForRs256 || typeof n !== 'string' || typeof e !== 'string') {
    return undefined;
  }
  // Only the public half of what is published is taken, whatever else stands there.
  const key = await importJWK({ kty, n, e }, 'RS256').catch(() => undefined);
  return key instanceof Uint8Array || key === undefined || !isStrong(key) ? undefined : key;
}

function isStrong({ algorithm }: CryptoKey): boolean {
  return 'modulusLength' in algorithm && Number(algorithm.modulusLength) >= 2048;
}

/** Where the keys come from: an authority, for one tenant or for several. */
type KeySource = Pick<TokenRules, 'authority' | 'tenantIds'>;

/** The tenant whose documents are read: the only one there is; undefined for those of all organizations. */
const onlyOne = ([first, ...others]: readonly string[]) => (others.length > 0 ? undefined : first);

/** Where an authority has its metadata. */
export function metadataUrlOf({ authority, tenantIds }: KeySource): URL {
  const tenant = encodeURIComponent(onlyOne(tenantIds) ?? 'organizations');
  return new URL(`/${tenant}/v2.0/.well-known/openid-configuration`, authority);
}

/** Loads the keys that the metadata of the authority point to. @throws DocumentError if they cannot be believed. */
export async function loadKeySet(
  source: KeySource,
  read: ReadDocument,
  end: EndSignal,
): Promise<KeySet> {
  const metadata = await read(metadataUrlOf(source), end);
  return readKeySet(await read(keyAddressOf(metadata, source), end));
}

/** The address of the keys, which is the authority's to say, but not as far as to send the gateway anywhere. */
function keyAddressOf(metadata: unknown, { authority, tenantIds }: KeySource): URL {
  const { issuer, jwks_uri: address } = isJsonObject(metadata) ? metadata : {};
  const issuers = issuersOf(authority, onlyOne(tenantIds));
  if (issuer !== issuers['2.0']) {
    throw new DocumentError('the metadata are those of another issuer');
  }
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !isSafe(url) || ![authority.origin, issuers.root].includes(url.origin)) {
    throw new DocumentError('the metadata say that the keys are somewhere else');
  }
  return url;
}

function isSafe({ protocol, hostname, username, password }: URL): boolean {
  const isPrivate = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return isPrivate && username === '' && password === '';
}

/** Reads a JSON document over the network. @throws DocumentError if there is none, or the signal fires. */
type ReadDocument = (url: URL, signal: EndSignal) => Promise<unknown>;

interface DocumentReaderOptions extends AuthorityWay {
  readonly clock: Clock;
  /** How long one document may take, from the connection to the last byte. */
  readonly timeoutMs?: number | undefined;
}

/** Makes a reader for a few small documents a day: it keeps no connection and follows no redirect. */
export function createDocumentReader(options: DocumentReaderOptions): ReadDocument {
  const { clock, timeoutMs: limitMs = 5_000 } = options;
  const errorOf = (why: 'late' | 'ended') =>
    new DocumentError(why === 'late' ? 'it took too long' : 'it is not wanted any more');
  return async (url, end) => {
    const connections = connectTo(url, options, 1, limitMs);
    try {
      return await withinLimit({ clock, limitMs, end, errorOf }, (signal) =>
        requestDocument(connections, url, signal),
      );
    } finally {
      void connections.destroy();
    }
  };
}

const headers = { accept: 'application/json', 'accept-encoding': 'identity' };

async function requestDocument(
  connections: Dispatcher,
  { origin, pathname, search }: URL,
  signal: AbortSignal,
): Promise<unknown> {
  const path = `${pathname}${search}`;
  const request = { origin, path, method: 'GET', headers, signal, reset: true } as const;
  const response = await connections.request(request).catch((cause: unknown) => {
    const problem = rejectsCredentials(cause)
      ? "configuration fault: the forward proxy rejects the gateway's credentials (407)"
      : 'no answer came';
    throw new DocumentError(problem, errnoCodeOf(cause));
  });
  response.body.on('error', () => undefined);
  if (response.statusCode !== 200) {
    throw new DocumentError(`it was answered with ${response.statusCode}`);
  }
  const { 'content-type': type, 'content-encoding': coding = 'identity' } = response.headers;
  if (!isJsonType(String(type)) || coding !== 'identity') {
    throw new DocumentError('it is not JSON');
  }
  const bytes = await readBounded(response.body).catch((cause: unknown) => {
    throw new DocumentError('it broke off', errnoCodeOf(cause));
  });
  if (bytes === undefined) {
    throw new DocumentError('it is too large');
  }
  const value = parseStrictJson(bytes);
  if (value === undefined) {
    throw new DocumentError('its JSON is broken');
  }
  return value;
}

/** A document of the authority's that did not come, or cannot be believed. The problem is fit for a log line. */
export class DocumentError extends Error {
  readonly problem: string;
  readonly systemCode: string | undefined;

  constructor(problem: string, systemCode?: string) {
    super(`A document of the authority cannot be used: ${problem}.`);
    this.name = 'DocumentError';
    this.problem = problem;
    this.systemCode = systemCode;
  }
}
