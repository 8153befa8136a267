import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/readers.ts';
import { createGateway } from '../../src/createGateway.ts';
import { contoso, gatewayClient } from '../support/authority/people.ts';
import { startAuthority, type TestAuthority } from '../support/authority/startAuthority.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { json, startScriptedServer } from '../support/scriptedServer.ts';
import {
  type Canaries,
  canariesOfToken,
  canary,
  canaryToken,
  findCanaries,
} from '../support/secrets/canaries.ts';
import { type DirtyGraph, graphSecrets, startDirtyGraph } from '../support/secrets/dirtyGraph.ts';
import {
  endpointSecrets,
  goodPage,
  type IdentityPath,
  identityPaths,
  type Proof,
} from '../support/secrets/identityPaths.ts';
import {
  entrusted,
  type SecretStage,
  startSecretStage,
  written,
} from '../support/secrets/secretStage.ts';
import { until } from '../support/until.ts';

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
let graph: DirtyGraph;
const stages = new Map<string, SecretStage>();
const ended: Awaited<ReturnType<SecretStage['stop']>>[] = [];

beforeAll(async () => {
  const publicKey = good.cert;
  authority = await startAuthority({ clients: [{ ...gatewayClient, publicKey }] });
  graph = await startDirtyGraph();
  writeFileSync(join(folder, 'open.pem'), lockedKey + good.cert);
  writeFileSync(join(folder, 'replaced.pem'), good.key + good.cert);
  writeFileSync(join(folder, 'federated.jwt'), federatedToken);
  for (const [name, { mode, proof }] of new Map(
    identityPaths.map((path) => [stageOf(path), path]),
  )) {
    const environment = { AUTH_MODE: mode, AZURE_CLIENT_ID: gatewayClient.clientId };
    stages.set(name, await start({ ...environments[proof], ...environment }));
  }
  // A gateway does not start with a file that it cannot read, but the file can be replaced later.
  writeFileSync(join(folder, 'replaced.pem'), lockedKey + good.cert);
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
  'locked certificate': {
    AZURE_CLIENT_CERTIFICATE_PATH: join(folder, 'replaced.pem'),
    AZURE_CLIENT_CERTIFICATE_PASSWORD: canary('wrong-passphrase'),
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
const stageOf = ({ mode, proof, name }: IdentityPath): string =>
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

function judge(stage: SecretStage, token: string): void {
  const { answers, logs } = stage.take();
  expect(findCanaries({ ...secrets, ...tokens(token) }, { answers, logs })).toEqual([]);
  expect(findCanaries(written, { logs })).toEqual([]);
  expect(logs).toContain('"message":"Answered"');
}

describe('no secret of an identity leaves', () => {
  it.each(identityPaths.map((path) => [`${path.mode}, ${path.name}`, path] as const))(
    'where %s',
    async (_name, path) => {
      const stage = stages.get(stageOf(path)) as SecretStage;
      stage.clock.skip(15_000);
      graph.answers(path.graph ?? goodPage);
      if (path.fault) {
        authority.faults.set(path.fault, { endpoint: 'token' });
      }
      const token = path.token?.(authority) ?? authority.mint();
      const { code } = await stage.ask(list, {}, { authorization: `Bearer ${token}` });
      authority.faults.clear();
      expect(code).toBe(path.code);
      judge(stage, token);
    },
  );

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

  it.each([
    ['refuses with the header that it was shown', 400, 20, 'UPSTREAM_UNAVAILABLE'],
    // In no time for all that is tried again.
    ['has a fault', 500, 3, 'UPSTREAM_TIMEOUT'],
  ])("where the machine's endpoint %s", async (_what, status, wait, code) => {
    const endpoint = await startScriptedServer((response, request) => {
      const shown = request.headers['x-identity-header'];
      json(status, { error: shown, message: shown })(response, request);
    });
    const stage = await start({
      AUTH_MODE: 'app-only',
      AUTH_AUDIENCES: gatewayClient.clientId,
      IDENTITY_ENDPOINT: `${endpoint.url}token`,
      IDENTITY_HEADER: canary('identity-header'),
    });
    const token = authority.mint();
    const headers = { authorization: `Bearer ${token}`, prefer: `wait=${wait}` };
    expect((await stage.ask(list, {}, headers)).code).toBe(code);
    expect(endpoint.requests[0]?.headers['x-identity-header']).toBe(canary('identity-header'));
    judge(stage, token);
    // It may still wait to ask the endpoint again.
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
    expect(ended.length).toBeGreaterThan(6);
  });
});
