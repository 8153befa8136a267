import { IdentityError } from './errors.ts';
import { isGuid } from './guid.ts';

/** The claims that the gateway looks at, each of the right type. */
export interface Claims {
  readonly version: '1.0' | '2.0';
  readonly issuer: string;
  readonly audience: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly subject: string;
  readonly objectId: string | undefined;
  readonly expiresAtSeconds: number;
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number | undefined;
  /** What `scp` lists, undefined where the claim is absent. */
  readonly scopes: readonly string[] | undefined;
  readonly roles: readonly string[] | undefined;
  /** Whose token it is, where the app registration asks for the optional claim `idtyp`. */
  readonly identityType: string | undefined;
}

type Payload = Readonly<Record<string, unknown>>;

/** Reads the claims. @throws IdentityError where one is missing or of a wrong type. */
export function readClaims(payload: Payload): Claims {
  const version = required(optionalText(payload, 'ver'));
  const tenantId = required(optionalText(payload, 'tid'));
  if ((version !== '1.0' && version !== '2.0') || !isGuid(tenantId)) {
    throw malformed();
  }
  return {
    version,
    issuer: required(optionalText(payload, 'iss')),
    // A list would let one token count for several services, and Entra never writes one.
    audience: required(optionalText(payload, 'aud')),
    tenantId,
    clientId: required(optionalText(payload, version === '2.0' ? 'azp' : 'appid')),
    subject: required(optionalText(payload, 'sub')),
    objectId: optionalText(payload, 'oid'),
    expiresAtSeconds: required(optionalTime(payload, 'exp')),
    issuedAtSeconds: required(optionalTime(payload, 'iat')),
    notBeforeSeconds: optionalTime(payload, 'nbf'),
    scopes: optionalText(payload, 'scp')
      ?.split(' ')
      .filter((scope) => scope !== ''),
    roles: optionalTexts(payload, 'roles'),
    identityType: optionalText(payload, 'idtyp'),
  };
}

function optionalText(payload: Payload, name: string): string | undefined {
  const value = payload[name];
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw malformed();
  }
  return value;
}

function optionalTexts(payload: Payload, name: string): readonly string[] | undefined {
  const value = payload[name];
  if (value === undefined) {
    return undefined;
  }
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string' && item !== '')) {
    throw malformed();
  }
  return value.map(String);
}

function optionalTime(payload: Payload, name: string): number | undefined {
  const value = payload[name];
  if (value !== undefined && !(typeof value === 'number' && Number.isSafeInteger(value))) {
    throw malformed();
  }
  return value;
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw malformed();
  }
  return value;
}

function malformed(): IdentityError {
  return new IdentityError('claims-malformed');
}
