import { describe, expect, it } from '@jest/globals';
import { ok, problem, type Severity, warning } from '../../src/doctor/finding.ts';
import { clockFindings } from '../../src/doctor/findings/clockFindings.ts';
import { graphFindings } from '../../src/doctor/findings/graphFindings.ts';
import { redisFindings } from '../../src/doctor/findings/redisFindings.ts';
import { sandboxFindings } from '../../src/doctor/findings/sandboxFindings.ts';
import { unreachedFinding } from '../../src/doctor/findings/unreachedFinding.ts';
import type { EndpointFacts, ProbeStage } from '../../src/doctor/probes/probeEndpoint.ts';
import { exitCodeOf, textOf } from '../../src/doctor/report.ts';

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
    [401, envelope, 'ok', /asks for a token as it should \(12 ms\)/],
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
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER', /no TLS came about \(ERR_SSL/, /cuts or opens TLS/],
    ['tls', 'timeout', /no TLS came about in time/, /cuts or opens TLS/],
    ['http', 'UND_ERR_SOCKET', /no whole answer came \(UND_ERR_SOCKET\)/, /stands between/],
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
    [[], true, false, 'warning', /CORS does not let https:\/\/studio\.apollographql\.com in\.$/],
    [['https://own.example'], true, false, 'warning', /CORS does not let/],
    [[studio], false, false, 'warning', /introspection is off/],
    [[], false, true, 'ok', /CORS does not let .* in, introspection is off\. That is usual/],
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
        message: expect.stringMatching(/only trusted documents are taken\.$/),
        remedy: 'If it is wanted: set TRUSTED_DOCUMENTS_MODE=log-unknown.',
      }),
    ]);
  });
});

describe('the findings about Redis', () => {
  it.each<[Parameters<typeof redisFindings>[0], Severity, RegExp]>([
    [{ kind: 'answered', durationMs: 3 }, 'ok', /answers \(3 ms\)/],
    [{ kind: 'answered', durationMs: 150 }, 'warning', /slowly \(150 ms\)/],
    [{ kind: 'failed', reason: 'ECONNREFUSED' }, 'problem', /cannot be reached \(ECONNREFUSED\)/],
    [{ kind: 'failed', reason: 'WRONGPASS' }, 'problem', /does not let the gateway in/],
    [{ kind: 'failed', reason: 'NOAUTH' }, 'problem', /does not let the gateway in/],
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
