import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificates, type TestCertificates } from '../certificates.ts';
import {
  type AuthorityAnswer,
  type AuthorityEndpoint,
  answerOfFault,
  createFaultScript,
  type FaultScript,
  refusalOf,
} from './faults.ts';
import { type Minter, type MintWish, mint } from './mint.ts';
import {
  ada,
  contoso,
  fabrikam,
  gatewayClient,
  grace,
  type TestClient,
  type TestUser,
} from './people.ts';
import { type AuthorityKeys, createAuthorityKeys } from './signingKeys.ts';
import { answerTokenRequest, type IssuedToken, userOfAssertion } from './tokenEndpoint.ts';

export interface AuthorityOptions {
  /** `https` unless something else is said. */
  readonly protocol?: 'http' | 'https';
  /** The name that it goes by; `localhost` unless something else is said. */
  readonly host?: string;
  readonly users?: readonly TestUser[];
  readonly clients?: readonly TestClient[];
  /** The time that tokens carry; the machine's where it is left out. */
  readonly now?: () => number;
}

/** A request as it came, with the answer's status; without one where a fault gave no answer. */
export interface AuthorityRequest {
  readonly endpoint: AuthorityEndpoint | undefined;
  readonly method: string;
  readonly path: string;
  readonly tenant: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: Readonly<Record<string, string>>;
  readonly status: number | undefined;
}

/** Entra for tests: one authority with several tenants, over HTTPS with certificates of its own. */
export interface TestAuthority {
  /** Without a slash at the end. */
  readonly url: string;
  /** What a client has to trust, in PEM. */
  readonly certificateAuthority: string;
  /** All requests since the start, the oldest first. */
  readonly requests: readonly AuthorityRequest[];
  /** All access tokens that the token endpoint gave out. */
  readonly issued: readonly IssuedToken[];
  readonly faults: FaultScript;
  readonly keys: AuthorityKeys;
  /** How many requests an endpoint had. */
  count(endpoint: AuthorityEndpoint): number;
  /** Makes an access token with the current key; for the gateway and for Ada unless something else is wished. */
  mint(wish?: MintWish): string;
  /** Cuts the hanging connections, so that no client has to wait for its own deadline. */
  cutHanging(): void;
  close(): Promise<void>;
}

const v1Issuer = 'https://sts.windows.net';
const paths: Readonly<Record<string, AuthorityEndpoint>> = {
  'v2.0/.well-known/openid-configuration': 'metadata',
  'discovery/v2.0/keys': 'keys',
  'oauth2/v2.0/token': 'token',
};

let certificates: TestCertificates | undefined;

/** Starts an authority on loopback, at any free port. */
export async function startAuthority(options: AuthorityOptions = {}): Promise<TestAuthority> {
  const { users = [ada, grace], clients = [gatewayClient], now = Date.now } = options;
  certificates ??= makeCertificates();
  const { authority: certificateAuthority, good } = certificates;
  const keys = createAuthorityKeys();
  const faults = createFaultScript();
  const requests: AuthorityRequest[] = [];
  const issued: IssuedToken[] = [];
  const hanging = new Set<ServerResponse>();
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    readForm(request).then(
      (form) => serve(request, response, form),
      () => response.destroy(),
    );
  };
  const server =
    options.protocol === 'http'
      ? createServer(onRequest)
      : createSecureServer({ key: good.key, cert: good.cert }, onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `${options.host ?? 'localhost'}:${(server.address() as AddressInfo).port}`;
  const url = `${options.protocol ?? 'https'}://${host}`;
  const minterNow = (): Minter => ({
    url,
    v1Issuer,
    defaultAudience: gatewayClient.clientId,
    key: keys.current,
    nowMs: now(),
  });

  function serve(request: IncomingMessage, response: ServerResponse, form: URLSearchParams): void {
    const { method = '', url: path = '', headers } = request;
    const [, tenant = '', rest = ''] = /^\/([^/]+)\/([^?]*)/.exec(path) ?? [];
    const endpoint = paths[rest];
    const userObjectId = userOfAssertion(form);
    const target = { ...(endpoint && { endpoint }), ...(userObjectId && { userObjectId }) };
    const fault = faults.take({ ...target, tenantId: tenant });
    const answer = fault ? answerOfFault(fault) : answerOf(endpoint, tenant, method, form);
    const seen = { endpoint, method, path, tenant, headers, form: Object.fromEntries(form) };
    requests.push({ ...seen, status: answer?.status });
    if (answer !== undefined) {
      send(response, answer);
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
    method: string,
    form: URLSearchParams,
  ): AuthorityAnswer {
    const tenant = [contoso, fabrikam].find(({ id }) => id === tenantId);
    const isKnown = tenant !== undefined || ['common', 'organizations'].includes(tenantId);
    if (endpoint === undefined || method !== (endpoint === 'token' ? 'POST' : 'GET')) {
      return { status: 404, body: {} };
    }
    if (!isKnown || (endpoint === 'token' && tenant === undefined)) {
      return refusalOf(400, 'invalid_tenant', [90002, 'Tenant not found.']);
    }
    const issuer = `${url}/${tenant?.id ?? '{tenantid}'}/v2.0`;
    if (endpoint === 'metadata') {
      return { status: 200, body: { issuer, jwks_uri: `${url}/${tenantId}/discovery/v2.0/keys` } };
    }
    if (endpoint === 'keys' || tenant === undefined) {
      // Each key names its issuer, as in Entra's v2.0 documents.
      return { status: 200, body: { keys: keys.published.map(({ jwk }) => ({ ...jwk, issuer })) } };
    }
    const world = { tenant, clients, users, issued };
    return answerTokenRequest(form, { ...world, minter: minterNow(), keys: keys.published });
  }

  return {
    url,
    certificateAuthority,
    requests,
    issued,
    faults,
    keys,
    count: (endpoint) => requests.filter((request) => request.endpoint === endpoint).length,
    mint: (wish) => mint(minterNow(), wish),
    cutHanging() {
      for (const response of hanging) {
        response.destroy();
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      keys.giveBack();
    },
  };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(Buffer.from(chunk as Uint8Array));
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

function send(response: ServerResponse, { status, body, headers }: AuthorityAnswer): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
