import { constants, type KeyObject, sign } from 'node:crypto';
import { ada, contoso, frontendClientId, frontendServiceId } from './people.ts';

type Members = Readonly<Record<string, unknown>>;

/** What a token shall be. Everything has a default; a claim or header that is undefined is left out. */
export interface MintWish {
  readonly tenant?: typeof contoso;
  /** Whom the token is for: the gateway unless it is said. */
  readonly audience?: string;
  readonly version?: '1.0' | '2.0';
  readonly kind?: 'user' | 'application';
  readonly user?: typeof ada;
  /** The app that asked for the token. */
  readonly clientId?: string;
  /** What a user's token has in `scp`, and an application's in `roles`. */
  readonly scope?: string;
  readonly roles?: readonly string[];
  readonly lifetimeSeconds?: number;
  /** Over the claims and the header that the rest makes. */
  readonly claims?: Members;
  readonly header?: Members;
  /** A key to sign with that is not the authority's. */
  readonly signWith?: KeyObject;
}

/** The authority as its tokens show it. */
export interface Minter {
  readonly url: string;
  readonly v1Issuer: string;
  readonly defaultAudience: string;
  readonly key: { readonly kid: string; readonly privateKey: KeyObject };
  readonly nowMs: number;
}

let serial = 0;

/** Writes the access token that Entra would write, as far as anybody looks into it. */
export function mint(minter: Minter, wish: MintWish = {}): string {
  const { kid, privateKey } = minter.key;
  const isV1 = wish.version === '1.0';
  const header = { typ: 'JWT', alg: 'RS256', ...(isV1 && { x5t: kid }), kid, ...wish.header };
  return signToken(header, claimsOf(minter, wish), wish.signWith ?? privateKey);
}

/** The claims of such a token. */
export function claimsOf(minter: Minter, wish: MintWish = {}): Members {
  const { tenant = contoso, version = '2.0', kind = 'user', lifetimeSeconds = 3600 } = wish;
  const { user = ada, scope = 'access_as_user', roles = ['Gateway.Use'] } = wish;
  const issuedAt = Math.floor(minter.nowMs / 1000);
  const clientId = wish.clientId ?? frontendClientId;
  serial += 1;
  const ofUser = {
    name: user.name,
    oid: user.objectId,
    preferred_username: `${user.name}@${tenant.name}.example`,
    scp: scope,
    sub: user.subject,
  };
  return {
    aud: wish.audience ?? minter.defaultAudience,
    iss: version === '2.0' ? `${minter.url}/${tenant.id}/v2.0` : `${minter.v1Issuer}/${tenant.id}/`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + lifetimeSeconds,
    ...(version === '2.0' ? { azp: clientId, azpacr: '1' } : { appid: clientId, appidacr: '1' }),
    ...(kind === 'user' ? ofUser : { oid: frontendServiceId, sub: frontendServiceId, roles }),
    tid: tenant.id,
    uti: `serial-${serial}`,
    ver: version,
    ...wish.claims,
  };
}

/** Writes a token with the crypto of Node alone, so that no library of the product judges its own work. */
export function signToken(
  header: object,
  payload: object | string,
  key: KeyObject,
  algorithm: keyof typeof paddings = 'RS256',
): string {
  const payloadText = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const input = `${encode(JSON.stringify(header))}.${encode(payloadText)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, ...paddings[algorithm] }).toString('base64url')}`;
}

const paddings = {
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ES256: { dsaEncoding: 'ieee-p1363' },
} as const;

const encode = (text: string): string => Buffer.from(text).toString('base64url');
