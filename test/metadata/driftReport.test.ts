import { describe, expect, it } from '@jest/globals';
import { metadataXml } from '../../src/emulator/metadataXml.ts';
import { modelOf } from '../../src/emulator/model.ts';
import type { Drift } from '../../src/metadata/drift.ts';
import { driftReport } from '../../src/metadata/driftReport.ts';
import { driftSentence } from '../../src/metadata/driftSentence.ts';
import { readCsdl } from '../../src/metadata/readCsdl.ts';
import { changedMetadata } from './metadataHarness.ts';

const type = 'microsoft.graph.complianceManagementPartner';
const states = 'microsoft.graph.deviceManagementPartnerTenantState';
const filterTypes = 'microsoft.graph.deviceAndAppManagementAssignmentFilterType';
const text = { type: 'Edm.String', isNullable: true };

describe('a drift', () => {
  it.each<[Drift, string]>([
    [
      { kind: 'resourceMissing' },
      'There is no deviceManagement/complianceManagementPartners, as in some national clouds; the gateway is of no use there.',
    ],
    [
      {
        kind: 'propertyAppeared',
        type,
        name: 'chromeOsOnboarded',
        property: { type: 'Edm.Boolean', isNullable: false },
      },
      'complianceManagementPartner has a property that the gateway does not expect: chromeOsOnboarded (Edm.Boolean, never null).',
    ],
    [
      { kind: 'propertyVanished', type, name: 'iosOnboarded' },
      'complianceManagementPartner has no iosOnboarded any more; the gateway offers it still, it reads null, and Graph refuses a write that has it.',
    ],
    [
      {
        kind: 'typeChanged',
        type,
        name: 'partners',
        known: `Collection(${type})`,
        found: 'microsoft.graph.other.partner',
      },
      'partners of complianceManagementPartner is microsoft.graph.other.partner; the gateway takes it for Collection(complianceManagementPartner).',
    ],
    [
      { kind: 'nullabilityChanged', type, name: 'id', isNullable: true },
      'id of complianceManagementPartner may be null now.',
    ],
    [
      { kind: 'nullabilityChanged', type, name: 'displayName', isNullable: false },
      'displayName of complianceManagementPartner may not be null any more; Graph refuses a write that clears it.',
    ],
    [
      { kind: 'operationAppeared', type, name: 'terminate' },
      'complianceManagementPartner has a new operation, terminate; the gateway does not offer it.',
    ],
    [
      { kind: 'typeOpened', type },
      'complianceManagementPartner is an open type now: it may have properties that no metadata declares; the gateway does not show them.',
    ],
    [
      { kind: 'deprecated', subject: `${type}/iosOnboarded`, removalDate: '2027-03-31' },
      'complianceManagementPartner/iosOnboarded is deprecated; Graph removes it on 2027-03-31.',
    ],
    [
      { kind: 'enumVanished', type: states },
      'The enum deviceManagementPartnerTenantState is gone.',
    ],
    [
      { kind: 'memberAppeared', type: states, member: 'paused' },
      'deviceManagementPartnerTenantState has a new member, paused; the gateway reads it as UNKNOWN_FUTURE_VALUE and cannot send it.',
    ],
    [
      { kind: 'memberAppeared', type: filterTypes, member: 'only' },
      'deviceAndAppManagementAssignmentFilterType has a new member, only; the gateway reads a target that has it as UnrecognizedAssignmentTarget and cannot send it.',
    ],
    [
      { kind: 'memberVanished', type: states, member: 'rejected' },
      'deviceManagementPartnerTenantState has no rejected any more; Graph refuses a write that has it.',
    ],
    [
      { kind: 'targetAppeared', type: 'microsoft.graph.fotaTarget', properties: new Map() },
      'There is a new target, fotaTarget, without properties of its own; the gateway reads it as UnrecognizedAssignmentTarget and cannot send it.',
    ],
    [
      {
        kind: 'targetAppeared',
        type: 'microsoft.graph.scopeTarget',
        properties: new Map([
          ['scopeId', text],
          ['kind', { type: 'microsoft.graph.scopeKind', isNullable: false }],
        ]),
      },
      'There is a new target, scopeTarget, with scopeId (Edm.String, nullable) and kind (scopeKind, never null); the gateway reads it as UnrecognizedAssignmentTarget and cannot send it.',
    ],
    [
      { kind: 'targetVanished', type: 'microsoft.graph.allDevicesAssignmentTarget' },
      'allDevicesAssignmentTarget is no target any more; Graph refuses a write that has it.',
    ],
  ])('is told in words: %j', (drift, sentence) => {
    expect(driftSentence(drift)).toBe(sentence);
  });
});

describe('a report', () => {
  it('without drift says so, and what is absent in this generation', () => {
    const { hasDrift, lines } = driftReport(readCsdl(metadataXml(modelOf('today'))), 'beta');
    expect(hasDrift).toBe(false);
    expect(lines).toEqual([
      'Microsoft Graph beta, as this gateway knows it: no drift.',
      expect.stringMatching(/^Note: This is today's beta, which has no windows\*/),
    ]);
  });

  it('of v1.0 has nothing to say about generations', () => {
    const { lines } = driftReport(readCsdl(metadataXml(modelOf('v1.0'))), 'v1.0');
    expect(lines).toEqual(['Microsoft Graph v1.0, as this gateway knows it: no drift.']);
  });

  it('with drift counts it and tells each on a line', () => {
    const xml = changedMetadata('<Member Name="rejected" Value="4" />', '');
    const { hasDrift, lines } = driftReport(readCsdl(xml), 'beta');
    expect(hasDrift).toBe(true);
    expect(lines).toEqual([
      'Microsoft Graph beta, as this gateway knows it: 1 difference.',
      '- deviceManagementPartnerTenantState has no rejected any more; Graph refuses a write that has it.',
      expect.stringMatching(/^Note: This is today's beta/),
    ]);
  });

  it.each<['v1.0' | 'today', 'beta' | 'v1.0', string]>([
    ['v1.0', 'beta', 'Note: Measured as v1.0 it has no drift. Is it the metadata of v1.0?'],
    ['today', 'v1.0', 'Note: Measured as beta it has no drift. Is it the metadata of beta?'],
  ])('of the metadata of %s as %s asks whether the version is right', (generation, as, note) => {
    const { hasDrift, lines } = driftReport(readCsdl(metadataXml(modelOf(generation))), as);
    expect(hasDrift).toBe(true);
    expect(lines.at(-1)).toBe(note);
    expect(lines[0]).toMatch(/: \d differences\.$/);
  });
});
