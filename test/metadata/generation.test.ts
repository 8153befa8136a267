import { describe, expect, it } from '@jest/globals';
import { metadataXml } from '../../src/emulator/metadataXml.ts';
import { type Generation, modelOf } from '../../src/emulator/model.ts';
import { generationOf } from '../../src/metadata/generation.ts';
import { readCsdl } from '../../src/metadata/readCsdl.ts';
import { changedMetadata } from './metadataHarness.ts';

const base = ['macOs', 'android', 'ios'];
const xmlOf = (generation: Generation): string => metadataXml(modelOf(generation));
const windows = '<Property Name="windowsOnboarded" Type="Edm.Boolean" Nullable="false" />';
const linux = '<Property Name="linuxOnboarded" Type="Edm.Boolean" Nullable="false" />';
const macOs = '<Property Name="macOsOnboarded" Type="Edm.Boolean" Nullable="false" />';
const filterId = '<Property Name="deviceAndAppManagementAssignmentFilterId" Type="Edm.String" />';
const emptyTarget = '<ComplexType Name="deviceAndAppManagementAssignmentTarget" Abstract="true" />';

describe('the generation of beta', () => {
  it.each<[string, string, string[], boolean, RegExp | undefined]>([
    ["today's", xmlOf('today'), ['macOs', 'android', 'ios', 'linux'], true, /today's beta/],
    [
      "the reference page's",
      xmlOf('reference-page'),
      ['macOs', 'windows', 'android', 'ios'],
      false,
      /older beta/,
    ],
    [
      'an older one with filters',
      changedMetadata(
        emptyTarget,
        emptyTarget.replace(' />', `>${filterId}</ComplexType>`),
        'reference-page',
      ),
      ['macOs', 'windows', 'android', 'ios'],
      true,
      /older beta/,
    ],
    [
      'one with half of windows*',
      changedMetadata(macOs, macOs + windows),
      ['macOs', 'windows', 'android', 'ios', 'linux'],
      true,
      /windows\* of the reference page beside the linux\* of today/,
    ],
    [
      'one with half of linux*',
      changedMetadata(linux, ''),
      ['macOs', 'android', 'ios', 'linux'],
      true,
      /today's beta/,
    ],
    ['one with neither', xmlOf('v1.0'), ['macOs', 'android', 'ios', 'linux'], true, undefined],
  ])('is seen in the document: %s', (_what, xml, platforms, hasFilters, note) => {
    const generation = generationOf(readCsdl(xml), 'beta');
    expect(generation).toMatchObject({ platforms, hasFilters });
    expect(generation.note ?? '').toMatch(note ?? /^$/);
  });
});

describe('the generation of v1.0', () => {
  it.each<Generation>(['v1.0', 'reference-page', 'today'])(
    'is always the same, and %s is measured by it',
    (generation) => {
      expect(generationOf(readCsdl(xmlOf(generation)), 'v1.0')).toEqual({
        platforms: base,
        hasFilters: false,
      });
    },
  );
});
