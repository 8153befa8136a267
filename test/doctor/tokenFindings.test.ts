import { describe, expect, it } from '@jest/globals';
import type { Finding } from '../../src/doctor/finding.ts';
import { credentialFindings } from '../../src/doctor/findings/credentialFindings.ts';
import { permissionFinding } from '../../src/doctor/findings/permissionFinding.ts';
import { type TokenView, tokenFindings } from '../../src/doctor/findings/tokenFindings.ts';
import type { CredentialFacts } from '../../src/doctor/probes/probeCredential.ts';
import type { TokenFacts } from '../../src/doctor/probes/probeToken.ts';
import { requiredScopesOf } from '../../src/graph/requiredScopes.ts';
import type { TokenClaims } from '../../src/graph/tokenClaims.ts';
import { contoso } from '../support/authority/people.ts';

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
      'ok: It is good for 61 minutes.',
      `ok: It is of the tenant ${contoso.id}.`,
      `ok: The token of a user, who needs a role in Intune beside it, may read and change partners (${readWrite}).`,
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
    [
      'nothing readable',
      { kind: 'opaque' },
      'warning: The token is none whose content can be read',
    ],
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
      'ok: It is good for 9 minutes.',
      'warning: The token of a user may read partners and not change them (P.Read).',
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
      'warning: X may read partners and not change them',
      readWrite,
    ],
    [['DeviceManagementConfiguration.Read.All'], 'warning: X may read partners and not', readWrite],
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
    expect(linesOf([finding])).toEqual(['warning: X may change partners and not read them (W).']);
  });
});

describe("the findings about the gateway's own credential", () => {
  const granted = (roles: string[]): CredentialFacts => ({
    ownToken: { kind: 'granted', claims: { ...goodClaims, scopes: [], roles } },
    certificateEndsAtMs: undefined,
  });
  const ofApp = { mode: 'app-only', needs, nowMs } as const;
  const taken = "ok: The gateway's own credential is taken: a token for Graph came.";

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
      ['problem: Whether the credential is good could not be found out: No token came (timeout).'],
    ],
  ])('tell %s', (_what, facts, mode, lines) => {
    expect(linesOf(credentialFindings(facts, { ...ofApp, mode }))).toEqual(lines);
  });

  it.each<[number, string]>([
    [-1, 'problem: The client certificate ended on 2026-02-10.'],
    [0, 'problem: The client certificate ended on 2026-02-11.'],
    [29, 'warning: The client certificate ends in 29 days, on 2026-03-12.'],
    [30, 'ok: The client certificate is good until 2026-03-13.'],
  ])('tell a certificate that ends in %i days', (days, line) => {
    const certificateEndsAtMs = nowMs + days * 86_400_000;
    const facts = { ...granted([readWrite]), certificateEndsAtMs };
    expect(linesOf(credentialFindings(facts, ofApp)).at(-1)).toBe(line);
  });
});
