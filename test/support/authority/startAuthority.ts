import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { makeCertificates, type TestCertificates } from '../certificates.ts';
import {
  type AuthorityAnswer,
  type AuthorityEndpoint,
  answerOfFault,
  createFaultScript,
  refusalOf,
} from './faults.ts';
import { type MintWish, mint } from './mint.ts';
import { contoso, fabrikam, gatewayClient, type TestClient } from './people.ts';
import { type AuthorityKey, createAuthorityKey } from './signingKeys.ts';
import { answerTokenRequest, type IssuedToken, readUnchecked } from './tokenEndpoint.ts';

export interface AuthorityOptions {
  /** `https` unless something else is said. */
  readonly protocol?: 'http' | 'https';
  /** The name that it goes by; `localhost` unless something else is said. */
  readonly host?: string;
  readonly clients?: readonly TestClient[];
  /** The time that tokens carry; the machine's where it is left out. */
  readonly now?: () => number;
}

/** A request as it came. */
interface AuthorityRequest {
  readonly endpoint: AuthorityEndpoint | undefined;
  readonly path: string;
  readonly tenant: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: Readonly<Record<string, string>>;
}

export type TestAuthority = Awaited<ReturnType<typeof startAuthority>>;

const paths: Readonly<Record<string, AuthorityEndpoint>> = {
  'GET v2.0/.well-known/openid-configuration': 'metadata',
  'GET discovery/v2.0/keys': 'keys',
  'POST oauth2/v2.0/token': 'token',
};

let certificates: TestCertificates | undefined;

/** Starts Entra for tests: one authority with several tenants, on loopback with certificates of its own. */
export async function startAuthority(options: AuthorityOptions = {}) {
  const { protocol = 'https', clients = [gatewayClient], now = Date.now } = options;
  certificates ??= makeCertificates();
  const { authority: certificateAuthority, good } = certificates;
  /** The published ones, the current one first. */
  let keys: readonly [AuthorityKey, ...AuthorityKey[]] = [createAuthorityKey()];
  const faults = createFaultScript();
  const requests: AuthorityRequest[] = [];
  const issued: IssuedToken[] = [];
  const hanging = new Set<ServerResponse>();
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    text(request).then(
      (body) => serve(request, response, new URLSearchParams(body)),
      () => response.destroy(),
    );
  };
  const server =
    protocol === 'http' ? createServer(onRequest) : createSecureServer(good, onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `${protocol}://${options.host ?? 'localhost'}:${port}`;
  const minterNow = () => ({
    url,
    v1Issuer: 'https://sts.windows.net',
    defaultAudience: gatewayClient.clientId,
    key: keys[0],
    nowMs: now(),
  });

  function serve(request: IncomingMessage, response: ServerResponse, form: URLSearchParams): void {
    const { method, url: path = '', headers } = request;
    const [, tenant = '', rest = ''] = /^\/([^/]+)\/([^?]*)/.exec(path) ?? [];
    const endpoint = paths[`${method} ${rest}`];
    const userObjectId = readUnchecked(form.get('assertion') ?? '')?.claims['oid'];
    const fault = faults.find(endpoint, userObjectId);
    const answer = fault ? answerOfFault(fault) : answerOf(endpoint, tenant, form);
    requests.push({ endpoint, path, tenant, headers, form: Object.fromEntries(form) });
    if (answer !== undefined) {
      const { status, body } = answer;
      const type = { 'content-type': 'application/json; charset=utf-8' };
      response.writeHead(status, { ...type, 'cache-control': 'no-store', ...answer.headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    } else if (fault?.kind === 'reset') {
      request.socket.destroy();
    } else {
      hanging.add(response);
      response.once('close', () => hanging.delete(response));
    }
  }

  function answerOf(
    endpoint: AuthorityEndpoint | undefined,
    tenantId: string,
    form: URLSearchParams,
  ): AuthorityAnswer {
    const tenant = [contoso, fabrikam].find(({ id }) => id === tenantId);
    if (endpoint === undefined) {
      return { status: 404, body: {} };
    }
    if (tenant === undefined && (endpoint === 'token' || tenantId !== 'organizations')) {
      return refusalOf(400, 'invalid_tenant', [90002, 'Tenant not found.']);
    }
    const issuer = `${url}/${tenant?.id ?? '{tenantid}'}/v2.0`;
    if (endpoint === 'metadata') {
      return { status: 200, body: { issuer, jwks_uri: `${url}/${tenantId}/discovery/v2.0/keys` } };
    }
    if (endpoint === 'keys' || tenant === undefined) {
      // Each key names its issuer, as in Entra's v2.0 documents.
      return { status: 200, body: { keys: keys.map(({ jwk }) => ({ ...jwk, issuer })) } };
    }
    return answerTokenRequest(form, { tenant, clients, issued, keys, minter: minterNow() });
  }

  return {
    /** Without a slash at the end. */
    url,
    /** What a client has to trust, in PEM. */
    certificateAuthority,
    /** All requests since the start, the oldest first. */
    requests: requests as readonly AuthorityRequest[],
    /** All access tokens that the token endpoint gave out. */
    issued: issued as readonly IssuedToken[],
    faults,
    /** Signs with a new key from now on; the old ones stay published. */
    rotateKeys(): void {
      keys = [createAuthorityKey(), ...keys];
    },
    /** How many requests an endpoint had. */
    count: (endpoint: AuthorityEndpoint): number =>
      requests.filter((request) => request.endpoint === endpoint).length,
    /** Makes an access token with the current key; for the gateway and for Ada unless something else is wished. */
    mint: (wish?: MintWish): string => mint(minterNow(), wish),
    /** Cuts the hanging connections, so that no client has to wait for its own deadline. */
    cutHanging: (): void => hanging.forEach((response) => void response.destroy()),
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
