import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { createReaders } from '../../src/config/readers.ts';
import { readDoctorOptions } from '../../src/doctor/command.ts';
import { configFindings } from '../../src/doctor/configuration.ts';
import {
  clockFindings,
  type EndpointFacts,
  graphFinding,
  redisFinding,
  unreachedFinding,
} from '../../src/doctor/endpoint.ts';
import { type Finding, findingsOf, reportOf, textOf } from '../../src/doctor/finding.ts';
import {
  graphNeeds,
  graphTokenFindings,
  ownTokenFindings,
  permissionFinding,
} from '../../src/doctor/identity.ts';
import { sandboxFinding } from '../../src/doctor/runningGateway.ts';
import { contoso } from '../support/authority/people.ts';
import { environmentOf } from '../support/configProblems.ts';

const url = new URL('https://graph.microsoft.com/beta/deviceManagement');
const studio = 'https://studio.apollographql.com';
const nowMs = Date.UTC(2026, 1, 11, 8, 30);
const readWrite = 'DeviceManagementServiceConfig.ReadWrite.All';
const onlyRead = 'DeviceManagementServiceConfig.Read.All';

const lineOf = ({ check, severity, message }: Finding): string =>
  `${severity} ${check}: ${message}`;

const envelope = {
  error: { code: 'InvalidAuthenticationToken', message: 'Access token is empty.' },
};
const answered = (status: number, json: unknown, clockAheadMs?: number): EndpointFacts => ({
  kind: 'answered',
  status,
  headers: {},
  json,
  durationMs: 12.4,
  clockAheadMs,
});
const graph = (status: number, json?: unknown) => graphFinding(url, answered(status, json));

const clock = (judgesTokens: boolean, ...aheads: number[]) => {
  const facts = aheads.map((ms) => answered(401, {}, ms));
  return clockFindings(Object.fromEntries(facts.entries()), judgesTokens)[0];
};

const sandbox = (
  corsOrigins: string[],
  change: Partial<Parameters<typeof sandboxFinding>[0]> = {},
): Finding =>
  sandboxFinding({
    corsOrigins,
    introspection: true,
    trustsListedOnly: false,
    isProduction: false,
    ...change,
  });

const closedSandbox = sandbox([], { introspection: false, isProduction: true });

const configuration = 'DeviceManagementConfiguration';
const permission = (held: string[], needs = graphNeeds) =>
  permissionFinding('token', 'X', held, needs);

describe('a finding', () => {
  it.each<[Finding['severity'], string, Finding | undefined, string?]>([
    ['ok', 'graph: HOST answers, and requires a token as expected (12 ms).', graph(401, envelope)],
    ['problem', 'graph: HOST answers with 401, and not in the form of Graph.', graph(401)],
    ['problem', 'answers with 401, and not in the form of Graph.', graph(401, { error: 'no' })],
    [
      'problem',
      'HOST answers a request without a token with 200; Graph never does.',
      graph(200, {}),
    ],
    ['problem', 'a request without a token with 204; Graph never does.', graph(204)],
    ['problem', 'a redirect (302), which the gateway never follows.', graph(302)],
    ['problem', 'HOST answers with 403, and not with 401.', graph(403, envelope)],
    ['problem', 'answers with 404, and not in the form of Graph.', graph(404, '<html>')],
    ['problem', 'HOST answers with 407', graph(407)],
    ['warning', 'HOST is reached, and answers with 429 at the moment.', graph(429, envelope)],
    ['warning', 'HOST is reached, and answers with 503 at the moment.', graph(503)],

    ['ok', "clock: This machine's clock agrees with 0 (0 s apart).", clock(true, 0)],
    ['ok', "This machine's clock agrees with 0 (60 s apart).", clock(true, 60_000)],
    ['ok', "This machine's clock agrees with 0 (60 s apart).", clock(false, -60_000, 1)],
    ['warning', "This machine's clock is 60 s ahead of 0.", clock(false, 60_001)],
    ['problem', "This machine's clock is 61 s behind 0.", clock(true, -61_000)],
    ['problem', "This machine's clock is 7200 s behind 1.", clock(true, 5_000, -7_200_000)],

    ['ok', 'sandbox: A browser at the hosted Apollo Sandbox can use', sandbox([studio])],
    ['ok', 'Apollo Sandbox can use the gateway.', sandbox(['*'], { isProduction: true })],
    ['ok', 'can use the gateway.', sandbox(['https://own.example', studio])],
    ['warning', `cannot use the gateway: CORS rejects ${studio}.`, sandbox([])],
    ['warning', `CORS rejects ${studio}.`, sandbox(['https://own.example'])],
    ['warning', ': introspection is off.', sandbox([studio], { introspection: false })],
    ['ok', `CORS rejects ${studio}, introspection is off. That is usual`, closedSandbox],
    [
      'warning',
      'only trusted documents are accepted.',
      sandbox(['*'], { trustsListedOnly: true }),
      'To allow it: set TRUSTED_DOCUMENTS_MODE=log-unknown.',
    ],

    ['ok', 'redis: It answers (3 ms).', redisFinding(3)],
    ['warning', 'It answers slowly (150 ms)', redisFinding(150)],
    ['problem', 'It cannot be reached (ECONNREFUSED)', redisFinding('ECONNREFUSED')],
    ['problem', 'It rejects the credentials (WRONGPASS).', redisFinding('WRONGPASS')],
    ['problem', 'It rejects the credentials (NOAUTH).', redisFinding('NOAUTH')],

    ['problem', 'token: X may neither read nor change partners.', permission([]), onlyRead],
    [
      'warning',
      `X may read partners but not change them (${onlyRead}).`,
      permission([onlyRead]),
      readWrite,
    ],
    [
      'warning',
      'X may read partners but not',
      permission([`${configuration}.Read.All`]),
      readWrite,
    ],
    ['ok', `X may read and change partners (${readWrite}).`, permission([readWrite])],
    ['ok', `; ${readWrite} would be enough).`, permission([`${configuration}.ReadWrite.All`])],
    [
      'warning',
      'X may change partners but not read them (W).',
      permission(['W'], { read: ['R'], write: ['W'] }),
    ],
  ])('is %s and says "%s"', (severity, text, finding, remedy = '') => {
    expect(finding?.severity).toBe(severity);
    expect(finding && lineOf(finding)).toContain(text.replace('HOST', url.host));
    expect(finding?.remedy ?? '').toContain(remedy);
  });

  it('says nothing of the clock if no other clock is known', () => {
    expect(clock(true)).toBeUndefined();
  });

  it.each<[Parameters<typeof unreachedFinding>[2]['stage'], string, RegExp, RegExp]>([
    ['dns', 'ENOTFOUND', /^No address was found for graph\.microsoft\.com \(ENOTFOUND\)\.$/, /DNS/],
    ['dns', 'timeout', /^No address was found for graph\.microsoft\.com in time\.$/, /DNS/],
    ['tcp', 'ECONNREFUSED', /^No connection to graph\.microsoft\.com was/, /NetworkPolicy/],
    ['tls', 'SELF_SIGNED_CERT_IN_CHAIN', /cannot be trusted/, /NODE_EXTRA_CA_CERTS/],
    ['tls', 'CERT_HAS_EXPIRED', /certificate .* cannot be trusted/, /NODE_EXTRA_CA_CERTS/],
    ['tls', 'ERR_TLS_CERT_ALTNAME_INVALID', /cannot be trusted/, /NODE_EXTRA_CA_CERTS/],
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER', /no TLS handshake \(ERR_SSL/, /cuts or opens TLS/],
    ['tls', 'timeout', /completed no TLS handshake in time/, /cuts or opens TLS/],
    ['http', 'UND_ERR_SOCKET', /sent no complete answer \(UND_ERR_SOCKET\)/, /firewalls/],
  ])('at %s with %s says where to look', (stage, reason, message, remedy) => {
    const finding = unreachedFinding('graph', url, { kind: 'unreached', stage, reason });
    expect(finding).toMatchObject({ check: 'graph', severity: 'problem' });
    expect(finding.message).toMatch(message);
    expect(finding.remedy).toMatch(remedy);
  });
});

describe('the report', () => {
  const good = findingsOf('graph').ok('G.');
  const doubtful = findingsOf('clock').warning('C.', 'Set it.');
  const bad = findingsOf('token').problem('T.', 'Get one.');

  it.each([
    [[], 0],
    [[good, doubtful], 0],
    [[good, bad], 1],
  ])('of %j ends with %i', (findings, exitCode) => {
    expect(reportOf(findings).exitCode).toBe(exitCode);
  });

  it('has a line for each finding, what to do, and the sum', () => {
    expect(textOf(reportOf([good, doubtful, bad]))).toBe(
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

const inMinutes = (count: number): number => nowMs / 1000 + count * 60;

/** A token whose claims are good but for the change. */
function tokenOf(change: object): string {
  const claims = {
    aud: 'https://graph.microsoft.com',
    tid: contoso.id,
    scp: readWrite,
    exp: inMinutes(61),
    ...change,
  };
  const [head, payload] = [{ alg: 'none' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${head}.${payload}.c2ln`;
}

describe('the findings about a token for Graph', () => {
  const linesOf = (token: string) => graphTokenFindings(token, 'global', nowMs).map(lineOf);

  it('say what it is good for', () => {
    expect(linesOf(tokenOf({}))).toEqual([
      'ok token: It is for Microsoft Graph.',
      'ok token: It is valid for 61 minutes.',
      `ok token: It is of the tenant ${contoso.id}.`,
      `ok token: The token of a user, who also needs a role in Intune, may read and change partners (${readWrite}).`,
    ]);
  });

  it.each<[object, string]>([
    [{ aud: 'https://graph.microsoft.com/' }, 'ok token: It is for Microsoft Graph.'],
    [{ aud: '00000003-0000-0000-c000-000000000000' }, 'ok token: It is for Microsoft Graph.'],
    [
      { aud: 'https://graph.microsoft.us' },
      'problem token: It is for Graph in the cloud usgov-l4,',
    ],
    [{ aud: 'api://own' }, 'problem token: It is not for Microsoft Graph'],
    [{ aud: undefined }, 'problem token: It is not for Microsoft Graph'],
    [{ exp: inMinutes(-3) }, 'problem token: It ended 3 minutes ago.'],
    [{ exp: inMinutes(2) }, 'warning token: It ends in 2 minutes.'],
    [{ exp: undefined }, 'problem token: It does not say when it ends.'],
    [{ nbf: inMinutes(3) }, 'problem token: It is not valid yet.'],
    [{ tid: undefined }, 'problem token: It names no tenant.'],
    [{ tid: 'canary' }, 'problem token: It names no tenant.'],
    [{ scp: 'User.Read' }, 'problem token: The token of a user'],
    [{ scp: undefined }, 'problem token: The token of an application may neither read nor change'],
    [{ scp: undefined, roles: [readWrite] }, 'ok token: The token of an application may read and'],
    [{ scp: 'User.Read', roles: [readWrite] }, 'problem token: The token of a user'],
  ])('with %j say "%s"', (change, line) => {
    expect(linesOf(tokenOf(change))).toContainEqual(expect.stringContaining(line));
  });

  it('say that an opaque one cannot be judged', () => {
    expect(linesOf('opaque')).toEqual([
      'warning token: The token is opaque here; only Graph can verify it.',
    ]);
  });
});

describe("the findings about the gateway's own token", () => {
  const taken = "ok credential: The gateway's own credential works: it got a token for Graph.";

  const own = "credential: The gateway's own token may";

  it.each<[string, string, 'app-only' | 'on-behalf-of', ...string[]]>([
    [
      'with roles',
      tokenOf({ roles: [readWrite] }),
      'app-only',
      `ok ${own} read and change partners (${readWrite}).`,
    ],
    ['without roles', tokenOf({}), 'app-only', `problem ${own} neither read nor change partners.`],
    ['that only proves the credential', tokenOf({}), 'on-behalf-of'],
    ['that is opaque', 'opaque', 'app-only'],
  ])('tell one %s', (_what, token, mode, ...lines) => {
    expect(ownTokenFindings(token, mode).map(lineOf)).toEqual([taken, ...lines]);
  });
});

const id = '11111111-2222-4333-8444-555555555555';
const inCloud = 'GRAPH_CLOUD=global';
const production = `${inCloud} NODE_ENV=production`;

function hintsOf(text: string): readonly Finding[] {
  const environment = environmentOf(text);
  const readers = createReaders(environment);
  const config = readConfig(environment, readers);
  return configFindings(config, environment, readers.names).slice(1);
}

describe('the hints about a configuration', () => {
  it.each([
    '',
    inCloud,
    production,
    `${inCloud} AUTH_MODE=app-only AZURE_TENANT_ID=${id} AZURE_CLIENT_ID=${id} AZURE_CLIENT_SECRET=x`,
    `${inCloud} GRAPH_TOKEN=x`,
    'PATH=/bin AZURE_HTTP_USER_AGENT=x AUTHOR=me',
    `${inCloud} AZURE_CLIENT_ID= GRAPH_CLOUDS=`,
    'REDIS_URL=redis://r GRAPH_BUDGET_REPLICAS=2',
    `${inCloud} GRAPH_BASE_URL=https://graph.microsoft.com`,
  ])('are none with "%s"', (environment) => {
    expect(hintsOf(environment)).toEqual([]);
  });

  it.each<[string, string]>([
    [
      `${inCloud} AZURE_CLIENT_ID=${id} AZURE_CLIENT_SECRET=canary-secret`,
      'AZURE_CLIENT_ID, AZURE_CLIENT_SECRET: set, and nothing reads it with AUTH_MODE=passthrough',
    ],
    [`${inCloud} GRAPH_QUEUE_SIZE=1`, 'GRAPH_QUEUE_SIZE: set'],
    [
      `${inCloud} EMULATOR_PORT=0 EMULATOR_ODDITIES=empty-pages`,
      'EMULATOR_PORT, EMULATOR_ODDITIES: set, but a Graph is configured',
    ],
    ['REDIS_URL=redis://:canary-secret@r', 'while Redis is away, each replica takes half'],
    [`${production} INTROSPECTION=true`, 'Introspection is on'],
    ['NODE_ENV=production GRAPH_CLOUD=emulator', 'The embedded Graph answers'],
    ['HOST=0.0.0.0', 'public token, and HOST=0.0.0.0'],
    [
      `${inCloud} GRAPH_BASE_URL=https://proxy.example/graph`,
      'Tokens go to proxy.example (GRAPH_BASE_URL) and not to graph.microsoft.com',
    ],
    ['ALL_PROXY=http://u:canary-secret@proxy', 'ALL_PROXY is set'],
    ['DRAIN_TIMEOUT_MS=25000', 'Stopping may take 30 s'],
    ['OPERATION_TIMEOUT_MS=20001', 'OPERATION_TIMEOUT_MS is longer'],
    [`${production} LOG_LEVEL=silent`, 'LOG_LEVEL=silent'],
    [`${production} LOG_LEVEL=debug`, 'LOG_LEVEL=debug'],
    [`${inCloud} NODE_TLS_REJECT_UNAUTHORIZED=0`, 'certificates are not checked'],
  ])('of "%s" say "%s", and what to do', (environment, message) => {
    const [hint, ...others] = hintsOf(environment);
    const severity = environment.includes('_TLS_') ? 'problem' : 'warning';
    expect(hint).toMatchObject({ check: 'configuration', severity });
    expect(hint?.message).toContain(message);
    expect(hint?.remedy).toMatch(/^[A-Z].*\.$/);
    expect(others).toEqual([]);
    expect(JSON.stringify(hint)).not.toContain('canary-secret');
  });
});

describe('the options of the doctor', () => {
  it.each<[string[], object]>([
    [[], {}],
    [['--json'], { json: true }],
    [['--token-file', 'token.txt'], { 'token-file': 'token.txt' }],
    [['--token-file=-'], { 'token-file': '-' }],
    [['--token-file', '-', '--json'], { 'token-file': '-', json: true }],
    [['--url', 'http://127.0.0.1:4000'], { url: 'http://127.0.0.1:4000' }],
    [['--url', 'http://gateway/@'], { url: 'http://gateway/@' }],
    [['-h', '--json'], { help: true, json: true }],
    [['--url', 'ftp://gateway', '--help'], { url: 'ftp://gateway', help: true }],
  ])('are read from %j', (args, options) => {
    expect({ ...(readDoctorOptions(args) as object) }).toEqual(options);
  });

  it.each<[string[], RegExp]>([
    [['--token', 'eyJsecret'], /^A token is never an argument/],
    [['--token=eyJsecret'], /^A token is never an argument/],
    [['eyJsecret'], /^Only options/],
    [['--', 'eyJsecret'], /^Only options/],
    [['--'], /^Only options/],
    [['--eyJsecret'], /^There is no such option; there are --json, --help, --token-file, --url\.$/],
    [['-t', 'eyJsecret'], /^There is no option -t\.$/],
    [['--tokn=eyJsecret'], /^There is no option --tokn\.$/],
    [['--json=eyJsecret'], /^--json takes no value\.$/],
    [['--token-file'], /^--token-file needs a value\.$/],
    [['--token-file='], /^--token-file needs a value\.$/],
    [['--token-file', '--json'], /^--token-file needs a value\.$/],
    [['--url', '-eyJsecret'], /^--url needs a value\.$/],
    [['--url', 'eyJsecret'], /^--url takes the http or https address/],
    [['--url', 'ftp://gateway'], /^--url takes/],
    [['--url', 'http://user:eyJsecret@gateway'], /^--url takes/],
  ])('are rejected in %j without repeating what may be a secret', (args, problem) => {
    expect(readDoctorOptions(args)).toMatch(problem);
    expect(readDoctorOptions(args)).not.toContain('eyJsecret');
  });
});
