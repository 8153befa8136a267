import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { createReaders } from '../../src/config/readers.ts';
import { readDoctorOptions } from '../../src/doctor/command.ts';
import { configHints } from '../../src/doctor/configuration.ts';
import { type CredentialFacts, credentialFindings } from '../../src/doctor/credential.ts';
import {
  clockFindings,
  type EndpointFacts,
  graphFindings,
  type ProbeStage,
  unreachedFinding,
} from '../../src/doctor/endpoint.ts';
import {
  exitCodeOf,
  type Finding,
  ok,
  problem,
  type Severity,
  textOf,
  warning,
} from '../../src/doctor/finding.ts';
import { permissionFinding } from '../../src/doctor/permission.ts';
import { redisFindings } from '../../src/doctor/redis.ts';
import { sandboxFindings } from '../../src/doctor/runningGateway.ts';
import { type TokenFacts, type TokenView, tokenFindings } from '../../src/doctor/token.ts';
import type { TokenClaims } from '../../src/graph/credentials.ts';
import { requiredScopesOf } from '../../src/graph/types.ts';
import { contoso } from '../support/authority/people.ts';

const url = new URL('https://graph.microsoft.com/beta/deviceManagement');
const envelope = {
  error: { code: 'InvalidAuthenticationToken', message: 'Access token is empty.' },
};

const answered = (status: number, json: unknown): EndpointFacts => ({
  kind: 'answered',
  status,
  headers: {},
  json,
  durationMs: 12.4,
  clockAheadMs: undefined,
});

describe('the findings about Graph', () => {
  it.each<[number, unknown, Severity, RegExp]>([
    [401, envelope, 'ok', /requires a token as expected \(12 ms\)/],
    [401, undefined, 'problem', /answers with 401, and not in the form of Graph/],
    [401, { error: 'no' }, 'problem', /not in the form of Graph/],
    [200, { value: [] }, 'problem', /without a token with 200; Graph never does/],
    [204, undefined, 'problem', /with 204; Graph never does/],
    [302, undefined, 'problem', /a redirect \(302\), which the gateway never follows/],
    [403, envelope, 'problem', /answers with 403, and not with 401/],
    [404, '<html>', 'problem', /answers with 404, and not in the form of Graph/],
    [407, undefined, 'problem', /answers with 407/],
    [429, envelope, 'warning', /answers with 429 at the moment/],
    [503, undefined, 'warning', /answers with 503 at the moment/],
  ])('of %i with %j are %s', (status, json, severity, message) => {
    expect(graphFindings(url, answered(status, json))).toEqual([
      expect.objectContaining({
        check: 'graph',
        severity,
        message: expect.stringMatching(message),
      }),
    ]);
  });
});

describe('a finding about something that was not reached', () => {
  it.each<[ProbeStage, string, RegExp, RegExp]>([
    ['dns', 'ENOTFOUND', /^No address was found for graph\.microsoft\.com \(ENOTFOUND\)\.$/, /DNS/],
    ['dns', 'timeout', /^No address was found for graph\.microsoft\.com in time\.$/, /DNS/],
    [
      'tcp',
      'ECONNREFUSED',
      /^No connection to graph\.microsoft\.com was made \(ECONN/,
      /NetworkPolicy/,
    ],
    ['tls', 'SELF_SIGNED_CERT_IN_CHAIN', /certificate .* cannot be trusted/, /NODE_EXTRA_CA_CERTS/],
    ['tls', 'CERT_HAS_EXPIRED', /certificate .* cannot be trusted/, /NODE_EXTRA_CA_CERTS/],
    ['tls', 'ERR_TLS_CERT_ALTNAME_INVALID', /certificate .* cannot be trusted/, /NODE_EXTRA_CA/],
    [
      'tls',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      /completed no TLS handshake \(ERR_SSL/,
      /cuts or opens TLS/,
    ],
    ['tls', 'timeout', /completed no TLS handshake in time/, /cuts or opens TLS/],
    [
      'http',
      'UND_ERR_SOCKET',
      /sent no complete answer \(UND_ERR_SOCKET\)/,
      /proxies and firewalls/,
    ],
  ])('at %s with %s says where to look', (stage, reason, message, remedy) => {
    expect(unreachedFinding('graph', url, { kind: 'unreached', stage, reason })).toEqual({
      check: 'graph',
      severity: 'problem',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
  });
});

describe('the findings about the clock', () => {
  it.each<[number[], boolean, [Severity, RegExp] | undefined]>([
    [[], true, undefined],
    [[0], true, ['ok', /agrees with 0 \(0 s apart\)/]],
    [[60_000], true, ['ok', /60 s apart/]],
    [[-60_000, 1], false, ['ok', /60 s apart/]],
    [[60_001], false, ['warning', /60 s ahead of 0/]],
    [[-61_000], true, ['problem', /61 s behind 0/]],
    [[5_000, -7_200_000], true, ['problem', /7200 s behind 1/]],
  ])(
    'that is %j ms ahead of others, where it judges tokens (%s), are %j',
    (aheads, judges, end) => {
      const sources = aheads.map((aheadMs, index) => ({ name: String(index), aheadMs }));
      expect(clockFindings(sources, judges)).toEqual(
        end === undefined
          ? []
          : [
              expect.objectContaining({
                check: 'clock',
                severity: end[0],
                message: expect.stringMatching(end[1]),
              }),
            ],
      );
    },
  );
});

describe('the findings about the hosted Sandbox', () => {
  const studio = 'https://studio.apollographql.com';
  it.each<[string[], boolean, boolean, Severity, RegExp]>([
    [[studio], true, false, 'ok', /can use the gateway/],
    [['*'], true, true, 'ok', /can use the gateway/],
    [['https://own.example', studio], true, true, 'ok', /can use the gateway/],
    [[], true, false, 'warning', /CORS rejects https:\/\/studio\.apollographql\.com\.$/],
    [['https://own.example'], true, false, 'warning', /CORS rejects/],
    [[studio], false, false, 'warning', /introspection is off/],
    [[], false, true, 'ok', /CORS rejects .*, introspection is off\. That is usual/],
  ])(
    'of origins %j with introspection %s in production %s are %s',
    (origins, introspection, isProduction, severity, message) => {
      const facts = { origins, introspection, isProduction, trustsListedOnly: false };
      const findings = sandboxFindings(facts);
      expect(findings).toEqual([
        expect.objectContaining({
          check: 'sandbox',
          severity,
          message: expect.stringMatching(message),
        }),
      ]);
    },
  );
});

describe('the finding that trusted documents keep the hosted Sandbox out', () => {
  it('says how to let its own in', () => {
    const facts = {
      origins: ['*'],
      introspection: true,
      trustsListedOnly: true,
      isProduction: false,
    };
    expect(sandboxFindings(facts)).toEqual([
      expect.objectContaining({
        severity: 'warning',
        message: expect.stringMatching(/only trusted documents are accepted\.$/),
        remedy: 'To allow it: set TRUSTED_DOCUMENTS_MODE=log-unknown.',
      }),
    ]);
  });
});

describe('the findings about Redis', () => {
  it.each<[Parameters<typeof redisFindings>[0], Severity, RegExp]>([
    [{ kind: 'answered', durationMs: 3 }, 'ok', /answers \(3 ms\)/],
    [{ kind: 'answered', durationMs: 150 }, 'warning', /slowly \(150 ms\)/],
    [{ kind: 'failed', reason: 'ECONNREFUSED' }, 'problem', /cannot be reached \(ECONNREFUSED\)/],
    [{ kind: 'failed', reason: 'WRONGPASS' }, 'problem', /rejects the credentials/],
    [{ kind: 'failed', reason: 'NOAUTH' }, 'problem', /rejects the credentials/],
  ])('of %j are %s', (facts, severity, message) => {
    expect(redisFindings(facts)).toEqual([
      expect.objectContaining({
        check: 'redis',
        severity,
        message: expect.stringMatching(message),
      }),
    ]);
  });
});

describe('the report', () => {
  const [good, doubtful, bad] = [
    ok('graph', 'G.'),
    warning('clock', 'C.', 'Set it.'),
    problem('token', 'T.', 'Get one.'),
  ];

  it.each([
    [[], true, 0],
    [[good, doubtful], true, 0],
    [[good, bad], true, 1],
    [[bad], false, 78],
  ])('of %j ends with the right code', (findings, isUsable, exitCode) => {
    expect(exitCodeOf(findings, isUsable)).toBe(exitCode);
  });

  it('has a line for each finding, what to do, and the sum', () => {
    expect(textOf({ findings: [good, doubtful, bad], exitCode: 1 })).toBe(
      [
        'ok       graph          G.',
        'warning  clock          C.',
        '                        Set it.',
        'problem  token          T.',
        '                        Get one.',
        '',
        '1 wrong, 1 doubtful, 1 fine',
        '',
      ].join('\n'),
    );
  });
});

const nowMs = Date.UTC(2026, 1, 11, 8, 30);
const needs = { read: requiredScopesOf('list'), write: requiredScopesOf('add') };
const view: TokenView = { cloud: 'global', needs, nowMs };
const readWrite = 'DeviceManagementServiceConfig.ReadWrite.All';
const minutes = (count: number): number => nowMs + count * 60_000;

const linesOf = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ severity, message }) => `${severity}: ${message}`);

const goodClaims: TokenClaims = {
  tenantId: contoso.id,
  clientId: undefined,
  subject: undefined,
  scopes: [readWrite],
  roles: [],
  expiresAtMs: minutes(61),
};
const graphToken = (
  claims: Partial<TokenClaims> = {},
  audience: string | undefined = 'https://graph.microsoft.com',
  notBeforeMs?: number,
): TokenFacts => ({
  kind: 'claims',
  claims: { ...goodClaims, ...claims },
  audience,
  notBeforeMs,
});

describe('the findings about a token for Graph', () => {
  it('say what it is good for', () => {
    expect(linesOf(tokenFindings(graphToken(), view))).toEqual([
      'ok: It is for Microsoft Graph.',
      'ok: It is valid for 61 minutes.',
      `ok: It is of the tenant ${contoso.id}.`,
      `ok: The token of a user, who also needs a role in Intune, may read and change partners (${readWrite}).`,
    ]);
  });

  it.each<[string, TokenFacts, string]>([
    ['its slash', graphToken({}, 'https://graph.microsoft.com/'), 'ok: It is for Microsoft Graph.'],
    ['an id', graphToken({}, '00000003-0000-0000-c000-000000000000'), 'ok: It is for Microsoft'],
    [
      'another cloud',
      graphToken({}, 'https://graph.microsoft.us'),
      'problem: It is for Graph in the cloud usgov-l4, and this is global.',
    ],
    ['something else', graphToken({}, 'api://own'), 'problem: It is not for Microsoft Graph'],
    ['an end', graphToken({ expiresAtMs: minutes(-3) }), 'problem: It ended 3 minutes ago.'],
    ['a near end', graphToken({ expiresAtMs: minutes(2) }), 'warning: It ends in 2 minutes.'],
    ['no end', graphToken({ expiresAtMs: undefined }), 'problem: It does not say when it ends.'],
    ['a later start', graphToken({}, undefined, minutes(3)), 'problem: It is not valid yet.'],
    ['no tenant', graphToken({ tenantId: undefined }), 'problem: It names no tenant.'],
    ['a tenant that is none', graphToken({ tenantId: 'canary' }), 'problem: It names no tenant.'],
    ['no permission', graphToken({ scopes: ['User.Read'] }), 'problem: The token of a user'],
    [
      'neither scopes nor roles',
      graphToken({ scopes: [] }),
      'problem: The token of an application may neither read nor change',
    ],
    [
      'roles',
      graphToken({ scopes: [], roles: [readWrite] }),
      'ok: The token of an application may read and change',
    ],
    [
      'roles of a user',
      graphToken({ scopes: ['User.Read'], roles: [readWrite] }),
      'problem: The token of a user',
    ],
    ['nothing readable', { kind: 'opaque' }, 'warning: The token is opaque here'],
    ['the embedded one', { kind: 'embedded', isTaken: true }, 'ok: The embedded Graph takes it.'],
    [
      'none for the embedded one',
      { kind: 'embedded', isTaken: false },
      'problem: The embedded Graph takes one token only',
    ],
  ])('tell %s', (_what, facts, line) => {
    expect(linesOf(tokenFindings(facts, view))).toContainEqual(expect.stringContaining(line));
  });
});

describe('the findings about a token for the gateway', () => {
  it('say what its bearer may do', () => {
    const facts = {
      kind: 'taken',
      isUser: true,
      permissions: ['P.Read'],
      expiresAtMs: minutes(9),
    } as const;
    const own = { ...view, needs: { read: ['P.Read', 'P.Write'], write: ['P.Write'] } };
    expect(linesOf(tokenFindings(facts, own))).toEqual([
      'ok: It is valid for 9 minutes.',
      'warning: The token of a user may read partners but not change them (P.Read).',
    ]);
  });

  it('say why it is not taken', () => {
    expect(linesOf(tokenFindings({ kind: 'refused', message: 'M.' }, view))).toEqual([
      'problem: The gateway would not take the token: M.',
    ]);
  });
});

describe('the finding about permissions', () => {
  it.each<[string[], string, string | undefined]>([
    [
      [],
      'problem: X may neither read nor change partners.',
      'DeviceManagementServiceConfig.Read.All',
    ],
    [
      ['DeviceManagementServiceConfig.Read.All'],
      'warning: X may read partners but not change them',
      readWrite,
    ],
    [['DeviceManagementConfiguration.Read.All'], 'warning: X may read partners but not', readWrite],
    [[readWrite], `ok: X may read and change partners (${readWrite}).`, undefined],
    [
      ['DeviceManagementConfiguration.ReadWrite.All'],
      `ok: X may read and change partners (DeviceManagementConfiguration.ReadWrite.All; ${readWrite} would be enough).`,
      undefined,
    ],
  ])('of %j is measured by the least privileged ones', (held, line, remedy) => {
    const finding = permissionFinding('token', 'X', held, needs);
    expect(linesOf([finding])[0]).toContain(line);
    expect(finding.remedy ?? '').toContain(remedy ?? '');
  });

  it('tells a permission to change only', () => {
    const finding = permissionFinding('token', 'X', ['W'], { read: ['R'], write: ['W'] });
    expect(linesOf([finding])).toEqual(['warning: X may change partners but not read them (W).']);
  });
});

describe("the findings about the gateway's own credential", () => {
  const granted = (roles: string[]): CredentialFacts => ({
    ownToken: { kind: 'granted', claims: { ...goodClaims, scopes: [], roles } },
    certificateEndsAtMs: undefined,
  });
  const ofApp = { mode: 'app-only', needs, nowMs } as const;
  const taken = "ok: The gateway's own credential works: it got a token for Graph.";

  it.each<[string, CredentialFacts, 'app-only' | 'on-behalf-of', string[]]>([
    [
      'a token with roles',
      granted([readWrite]),
      'app-only',
      [taken, `ok: The gateway's own token may read and change partners (${readWrite}).`],
    ],
    [
      'a token without roles',
      granted([]),
      'app-only',
      [taken, "problem: The gateway's own token may neither read nor change partners."],
    ],
    ['a token that only proves the credential', granted([]), 'on-behalf-of', [taken]],
    [
      'an opaque token',
      { ownToken: { kind: 'granted', claims: undefined }, certificateEndsAtMs: undefined },
      'app-only',
      [taken],
    ],
    [
      'a refusal',
      {
        ownToken: {
          kind: 'refused',
          message: 'the client secret has expired.',
          codes: ['AADSTS7000222'],
        },
        certificateEndsAtMs: undefined,
      },
      'app-only',
      [
        'problem: No token is given to the gateway itself (AADSTS7000222): the client secret has expired.',
      ],
    ],
    [
      'a silence',
      {
        ownToken: { kind: 'unavailable', message: 'No token came (timeout).' },
        certificateEndsAtMs: undefined,
      },
      'on-behalf-of',
      ['problem: The credential could not be checked: No token came (timeout).'],
    ],
  ])('tell %s', (_what, facts, mode, lines) => {
    expect(linesOf(credentialFindings(facts, { ...ofApp, mode }))).toEqual(lines);
  });

  it.each<[number, string]>([
    [-1, 'problem: The client certificate ended on 2026-02-10.'],
    [0, 'problem: The client certificate ended on 2026-02-11.'],
    [29, 'warning: The client certificate ends in 29 days, on 2026-03-12.'],
    [30, 'ok: The client certificate is valid until 2026-03-13.'],
  ])('tell a certificate that ends in %i days', (days, line) => {
    const certificateEndsAtMs = nowMs + days * 86_400_000;
    const facts = { ...granted([readWrite]), certificateEndsAtMs };
    expect(linesOf(credentialFindings(facts, ofApp)).at(-1)).toBe(line);
  });
});

const id = '11111111-2222-4333-8444-555555555555';
const graph = { GRAPH_CLOUD: 'global' };
const production = { ...graph, NODE_ENV: 'production' };
const appOnly = {
  ...graph,
  AUTH_MODE: 'app-only',
  AZURE_TENANT_ID: id,
  AZURE_CLIENT_ID: id,
  AZURE_CLIENT_SECRET: 'canary-secret',
};

function hintsOf(given: Record<string, string>) {
  const readers = createReaders(given);
  const config = readConfig(given, readers);
  return configHints({ config, environment: given, readNames: readers.names });
}

describe('the hints about a configuration', () => {
  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['a cloud', graph],
    ['production', production],
    ['the gateway as itself', appOnly],
    ['a token for the doctor', { ...graph, GRAPH_TOKEN: 'canary-secret' }],
    ['variables of others', { PATH: '/bin', AZURE_HTTP_USER_AGENT: 'x', AUTHOR: 'me' }],
    ['empty variables', { ...graph, AZURE_CLIENT_ID: ' ', GRAPH_CLOUDS: '' }],
    ['Redis and the number of replicas', { REDIS_URL: 'redis://r', GRAPH_BUDGET_REPLICAS: '2' }],
    ['the root of the own cloud', { ...graph, GRAPH_BASE_URL: 'https://graph.microsoft.com' }],
  ])('are none where there is %s', (_what, environment) => {
    expect(hintsOf(environment)).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a registration that passthrough does not use',
      { ...graph, AZURE_CLIENT_ID: id, AZURE_CLIENT_SECRET: 'canary-secret' },
      /^AZURE_CLIENT_ID, AZURE_CLIENT_SECRET: set, and nothing reads it with AUTH_MODE=passthrough/,
    ],
    ['a slip of the pen', { ...graph, GRAPH_QUEUE_SIZE: '1' }, /^GRAPH_QUEUE_SIZE: set/],
    [
      'settings of the embedded Graph beside a real one',
      { ...graph, EMULATOR_PORT: '0', EMULATOR_ODDITIES: 'empty-pages' },
      /^EMULATOR_PORT, EMULATOR_ODDITIES: set, but a Graph is configured/,
    ],
    [
      'Redis without replicas',
      { REDIS_URL: 'redis://:canary-secret@r' },
      /each replica takes half/,
    ],
    [
      'an open schema in production',
      { ...production, INTROSPECTION: 'true' },
      /^Introspection is on/,
    ],
    [
      'invented data in production',
      { ...production, GRAPH_CLOUD: 'emulator' },
      /^The embedded Graph answers/,
    ],
    ['the embedded Graph for all', { HOST: '0.0.0.0' }, /public token, and HOST=0\.0\.0\.0/],
    [
      'another root',
      { ...graph, GRAPH_BASE_URL: 'https://proxy.example/graph' },
      /^Tokens go to proxy\.example \(GRAPH_BASE_URL\) and not to graph\.microsoft\.com/,
    ],
    [
      'a proxy that is not read',
      { ALL_PROXY: 'http://u:canary-secret@proxy' },
      /^ALL_PROXY is set/,
    ],
    ['a long drain', { DRAIN_TIMEOUT_MS: '25000' }, /^Stopping may take 30 s/],
    ['a long operation', { OPERATION_TIMEOUT_MS: '20001' }, /^OPERATION_TIMEOUT_MS is longer/],
    ['silence in production', { ...production, LOG_LEVEL: 'silent' }, /^LOG_LEVEL=silent/],
    ['noise in production', { ...production, LOG_LEVEL: 'debug' }, /^LOG_LEVEL=debug/],
  ])('name %s, with something to do', (_what, environment, message) => {
    const hints = hintsOf(environment);
    expect(hints).toEqual([
      {
        check: 'configuration',
        severity: 'warning',
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(/^[A-Z].*\.$/),
      },
    ]);
    expect(JSON.stringify(hints)).not.toContain('canary-secret');
  });

  it('call it a problem where certificates are not checked', () => {
    const [hint] = hintsOf({ ...graph, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    expect(hint).toMatchObject({ severity: 'problem' });
  });
});

const nothing = { kind: 'examine', isJson: false, tokenFile: undefined, url: undefined };

describe('the options of the doctor', () => {
  it.each<[string[], object]>([
    [[], nothing],
    [['--json'], { ...nothing, isJson: true }],
    [['--token-file', 'token.txt'], { ...nothing, tokenFile: 'token.txt' }],
    [['--token-file=-'], { ...nothing, tokenFile: '-' }],
    [['--token-file', '-', '--json'], { ...nothing, tokenFile: '-', isJson: true }],
    [['--url', 'http://127.0.0.1:4000'], { ...nothing, url: new URL('http://127.0.0.1:4000') }],
    [['--help', '--json'], { kind: 'help' }],
  ])('are understood in %j', (args, wish) => {
    expect(readDoctorOptions(args)).toEqual(wish);
  });

  it.each<[string[], RegExp]>([
    [['--token', 'eyJsecret'], /^A token is never an argument/],
    [['--token=eyJsecret'], /^A token is never an argument/],
    [['eyJsecret'], /^Only options/],
    [['--', 'eyJsecret'], /^Only options/],
    [['--eyJsecret'], /^Only options/],
    [['-t', 'eyJsecret'], /^There is no option --t\.$/],
    [['--colour'], /^There is no option --colour\.$/],
    [['--json=eyJsecret'], /^--json takes no value/],
    [['--token-file'], /^--token-file needs a value/],
    [['--token-file', '--json'], /^--token-file needs a value/],
    [['--url'], /^--url needs a value/],
    [['--url', 'eyJsecret'], /^--url takes the http or https address/],
    [['--url', 'ftp://gateway'], /^--url takes/],
    [['--url', 'http://user:eyJsecret@gateway'], /^--url takes/],
  ])('are refused in %j without repeating what may be a secret', (args, problem) => {
    const wish = readDoctorOptions(args);
    expect(wish).toEqual({ kind: 'misuse', problem: expect.stringMatching(problem) });
    expect(JSON.stringify(wish)).not.toContain('eyJsecret');
  });
});
