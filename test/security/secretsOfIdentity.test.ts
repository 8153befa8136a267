import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/readers.ts';
import { createGateway } from '../../src/createGateway.ts';
import type { AuthorityFault } from '../support/authority/faults.ts';
import type { MintWish } from '../support/authority/mint.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { createTestCertificates } from '../support/certificates.ts';
import {
  type Answer,
  json,
  type ScriptedServer,
  startScriptedServer,
} from '../support/scriptedServer.ts';
import {
  type Canaries,
  canariesOfToken,
  canary,
  canaryToken,
  dirty,
  entrusted,
  findCanaries,
  graphSecrets,
  type SecretStage,
  startSecretStage,
  written,
} from '../support/secretStage.ts';
import { until } from '../support/until.ts';

/** How the gateway proves who it is. */
type Proof = 'secret' | 'wrong secret' | 'certificate' | 'federated token';

type Mode = 'on-behalf-of' | 'app-only';

/** What a path changes of the way to a token and of the caller's own. */
interface Change {
  readonly proof?: Proof;
  /** What the authority does when it is asked for a token. */
  readonly fault?: AuthorityFault;
  readonly graph?: Answer;
  /** The caller's token; a good one unless it is said. */
  readonly token?: (authority: TestAuthority) => string;
}

/** Its name, the code of the answer's first error, which shows that it came to this, and what it changes. */
type IdentityPath = readonly [Mode, string, string | undefined, Change?];

/** Secret texts in the answers of a token endpoint. */
const endpointSecrets = {
  'words of the token endpoint': canary('description'),
  'grant of the token endpoint': canary('grant'),
};

const said = JSON.stringify({
  error: 'server_error',
  error_description: `AADSTS1: ${canary('description')}`,
  access_token: canary('grant'),
  refresh_token: canary('grant'),
});
const minted = (wish: MintWish): Change => ({ token: (authority) => authority.mint(wish) });
const faulty = (fault: AuthorityFault): Change => ({ fault });
const rubbish = faulty({ kind: 'rubbish', body: said });
const elsewhere = `https://elsewhere/${canary('description')}`;
const claim = canary('claim');
const strange = { tid: claim, scp: claim, aud: claim };
const throttling = faulty({ kind: 'status', status: 429, retryAfter: '60' });
const user = 'on-behalf-of';
const own = 'app-only';
const [refused, away, broken] = [
  'UNAUTHENTICATED',
  'UPSTREAM_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
];

/** The paths of a gateway that gets its own tokens. A new one is a line here. */
const identityPaths: readonly IdentityPath[] = [
  [user, 'everything goes well', undefined],
  [user, 'Graph refuses the exchanged token', refused, { graph: dirty(401) }],
  [user, 'Graph forbids', 'FORBIDDEN', { graph: dirty(403) }],
  [user, 'the exchange asks something', refused, faulty({ kind: 'interaction-required' })],
  [user, 'the endpoint grants rubbish', away, rubbish],
  [user, 'the endpoint sends elsewhere', away, faulty({ kind: 'redirect', location: elsewhere })],
  [user, 'the endpoint throttles', 'THROTTLED', throttling],
  [user, 'the secret is wrong', broken, { proof: 'wrong secret' }],
  [user, 'the certificate is good', undefined, { proof: 'certificate' }],
  [user, 'the federated token is refused', broken, { proof: 'federated token' }],
  [user, 'the token has expired', refused, minted({ lifetimeSeconds: -120 })],
  [user, 'the token has a forged signature', refused, { token: ({ mint }) => `${mint()}AAAA` }],
  [user, 'the token is none', refused, { token: () => canary('no-token') }],
  [user, "the token's claims are strange", refused, minted({ claims: strange })],
  [user, 'the user has no permission', 'FORBIDDEN', minted({ scope: claim, tenant: contoso })],
  [own, 'everything goes well', undefined],
  [own, "Graph refuses the gateway's token", refused, { graph: dirty(401) }],
  [own, 'the secret is wrong', broken, { proof: 'wrong secret' }],
];

const goodPage = json(200, { value: [] });

const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
const { good } = createTestCertificates();
const passphrase = canary('passphrase');
const lockedKey = createPrivateKey(good.key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
  .toString();
const chunkOf = (pem: string): string => pem.split('\n')[5] ?? '';
const federatedToken = canaryToken('cluster');
const list = 'query Audit { complianceManagementPartners { nodes { id } } }';

const secrets: Canaries = {
  ...entrusted,
  ...graphSecrets,
  ...endpointSecrets,
  ...canariesOfToken('the cluster', federatedToken),
  'secret of the gateway': gatewayClient.secret,
  'wrong secret': canary('wrong-secret'),
  'key of the certificate': chunkOf(good.key),
  'locked key': chunkOf(lockedKey),
  passphrase,
  'wrong passphrase': canary('wrong-passphrase'),
  'header of the machine': canary('identity-header'),
  'token that is none': canary('no-token'),
  'claim of a token': canary('claim'),
};

let authority: TestAuthority;
let graph: ScriptedServer;
const stages = new Map<string, SecretStage>();
const ended: Awaited<ReturnType<SecretStage['stop']>>[] = [];

beforeAll(async () => {
  const publicKey = good.cert;
  authority = await startAuthority({ clients: [{ ...gatewayClient, publicKey }] });
  graph = await startScriptedServer(goodPage);
  writeFileSync(join(folder, 'open.pem'), lockedKey + good.cert);
  writeFileSync(join(folder, 'federated.jwt'), federatedToken);
  for (const [name, path] of new Map(identityPaths.map((one) => [stageOf(one), one]))) {
    const [AUTH_MODE, , , { proof = 'secret' } = {}] = path;
    const environment = { AUTH_MODE, AZURE_CLIENT_ID: gatewayClient.clientId };
    stages.set(name, await start({ ...environments[proof], ...environment }));
  }
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  for (const stage of stages.values()) {
    await stage.stop();
  }
  await graph.close();
  await authority.close();
});

const environments: Readonly<Record<Proof, Record<string, string>>> = {
  secret: { AZURE_CLIENT_SECRET: gatewayClient.secret },
  'wrong secret': { AZURE_CLIENT_SECRET: canary('wrong-secret') },
  certificate: {
    AZURE_CLIENT_CERTIFICATE_PATH: join(folder, 'open.pem'),
    AZURE_CLIENT_CERTIFICATE_PASSWORD: passphrase,
  },
  'federated token': { AZURE_FEDERATED_TOKEN_FILE: join(folder, 'federated.jwt') },
};

const common = () => ({
  GRAPH_BASE_URL: graph.url.href,
  AZURE_TENANT_ID: contoso.id,
  AZURE_AUTHORITY_HOST: authority.url,
  AUTH_READ_PERMISSIONS: 'access_as_user',
});

/** A user's token is exchanged anew for each; the gateway's own would be kept for an hour. */
const stageOf = ([mode, name, , { proof = 'secret' } = {}]: IdentityPath): string =>
  mode === 'app-only' ? `${mode}, ${name}` : `${mode} with ${proof}`;

async function start(environment: Record<string, string>): Promise<SecretStage> {
  const stage = await startSecretStage(
    { ...common(), ...environment },
    { certificateAuthorities: [authority.certificateAuthority] },
  );
  await until(async () => (await stage.send('/readyz', { method: 'GET' })).status === 200);
  return stage;
}

/** All tokens that anybody had, this far. */
function tokens(callers: string): Canaries {
  const issued = authority.issued.map(({ accessToken }, index) =>
    canariesOfToken(`the gateway (${index})`, accessToken),
  );
  return Object.assign({}, canariesOfToken('the caller', callers), ...issued);
}

const leaksOf = (stage: SecretStage, token: string) =>
  stage.findLeaks({ ...secrets, ...tokens(token) }, written);

describe('no secret of an identity leaves', () => {
  it.each(identityPaths)('%s, where %s', async (...path) => {
    const [, , expected, change = {}] = path;
    const stage = stages.get(stageOf(path)) as SecretStage;
    stage.clock.skip(15_000);
    graph.follow(change.graph ?? goodPage);
    if (change.fault) {
      authority.faults.set(change.fault, { endpoint: 'token' });
    }
    const token = change.token?.(authority) ?? authority.mint();
    const { code } = await stage.ask(list, {}, { authorization: `Bearer ${token}` });
    authority.faults.clear();
    expect(code).toBe(expected);
    expect(leaksOf(stage, token)).toEqual([]);
  });

  it('where the gateway does not start with its certificate', async () => {
    const config = readConfig({
      ...common(),
      PORT: '0',
      AUTH_MODE: 'on-behalf-of',
      AZURE_CLIENT_ID: gatewayClient.clientId,
      AZURE_CLIENT_CERTIFICATE_PATH: join(folder, 'open.pem'),
      AZURE_CLIENT_CERTIFICATE_PASSWORD: canary('wrong-passphrase'),
    });
    const failed = await createGateway(config)
      .start()
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ConfigError);
    const told = inspect(failed, { depth: 9, showHidden: true });
    expect(told).toContain('AZURE_CLIENT_CERTIFICATE_PATH cannot be used');
    expect(findCanaries(secrets, { told })).toEqual([]);
  });

  it("where the machine's endpoint refuses with the header that it was shown", async () => {
    const endpoint = await startScriptedServer((response, request) => {
      const shown = request.headers['x-identity-header'];
      json(400, { error: shown, message: shown })(response, request);
    });
    const stage = await start({
      AUTH_MODE: 'app-only',
      AUTH_AUDIENCES: gatewayClient.clientId,
      IDENTITY_ENDPOINT: `${endpoint.url}token`,
      IDENTITY_HEADER: canary('identity-header'),
    });
    const token = authority.mint();
    const { code } = await stage.ask(list, {}, { authorization: `Bearer ${token}` });
    expect(code).toBe('UPSTREAM_UNAVAILABLE');
    expect(endpoint.requests[0]?.headers['x-identity-header']).toBe(canary('identity-header'));
    expect(leaksOf(stage, token)).toEqual([]);
    ended.push(await stage.stop());
    await endpoint.close();
  });

  it('in any span or metric of all that', async () => {
    for (const [name, stage] of stages) {
      stages.delete(name);
      ended.push(await stage.stop());
    }
    for (const sinks of ended) {
      expect(sinks.spans.includes('acquire token')).toBe(true);
      // What still went on when Prometheus asked is in the last metrics, which go to the collector.
      expect(`${sinks.metrics}${sinks.spans}`).toContain('gateway_token_acquire_seconds');
      expect(findCanaries({ ...secrets, ...written, ...tokens('none') }, sinks)).toEqual([]);
    }
    expect(ended.length).toBeGreaterThan(5);
  });
});
