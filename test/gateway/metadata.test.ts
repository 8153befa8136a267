import { beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { EmulatorOptions } from '../../src/emulator/server.ts';
import type { GraphApiVersion } from '../../src/graph/types.ts';
import { partnerFromWire, readPartner, targetFromWire } from '../../src/partners/partnerMapping.ts';
import { findDrift } from '../../tools/drift/compare.ts';
import { generationOf, knownModelOf, typeNames } from '../../tools/drift/knownModel.ts';
import { type Csdl, derivesFrom, propertiesOf, readCsdl } from '../../tools/drift/readCsdl.ts';
import { startTestGraph } from '../support/testGraphs.ts';

describe.each<[EmulatorOptions['generation'], GraphApiVersion]>([
  ['reference-page', 'beta'],
  ['today', 'beta'],
  ['today', 'v1.0'],
])('the metadata that %s serves as %s', (generation, version) => {
  let xml: string;
  let csdl: Csdl;

  beforeAll(async () => {
    const graph = await startTestGraph({ generation });
    const { body } = await request(`${graph.baseUrl}/${version}/$metadata`);
    xml = await body.text();
    csdl = readCsdl(xml);
    await graph.close();
  });

  it('is what the wire types and the tables of the mapping say, and every part of it would be missed', () => {
    const driftOf = (text: string) => {
      const csdl = readCsdl(text);
      return findDrift(knownModelOf(generationOf(csdl, version)), csdl);
    };
    expect(driftOf(xml)).toEqual([]);
    const lines = xml.split('\n');
    const counting = /<(Property|Member|NavigationProperty|Singleton) |<ComplexType .* \/>/;
    const counted = lines.filter((line) => counting.test(line));
    const unmissed = [...lines.keys()].filter((at) => {
      const isCounted = counting.test(lines[at] ?? '');
      return isCounted && driftOf(lines.toSpliced(at, 1).join('\n')).length === 0;
    });
    expect(counted.length).toBeGreaterThan(20);
    expect(unmissed.map((at) => lines[at])).toEqual([]);
  });

  it('names properties that the gateway checks and shows, and states that the schema has, all of them', () => {
    for (const name of propertiesOf(csdl, typeNames.partner).keys()) {
      expect(typeof readPartner({ id: 'one', [name]: 1.5 })).toBe('string');
      expect(partnerFromWire({ id: 'one' })).toHaveProperty(name);
    }
    const states = csdl.enums
      .get(typeNames.partnerState)
      ?.map((partnerState) => partnerFromWire({ id: 'one', partnerState }).partnerState);
    expect(new Set(states).size).toBe(6);
    expect(states).not.toContain('UNKNOWN_FUTURE_VALUE');
  });

  it('names targets that the schema has, with all that they add to their base', () => {
    const targets = [...csdl.types.keys()].filter((name) =>
      derivesFrom(csdl, name, typeNames.target),
    );
    const common = propertiesOf(csdl, typeNames.target);
    expect(targets).toHaveLength(5);
    for (const name of targets) {
      const target = targetFromWire({ '@odata.type': `#${name}` });
      const own = [...propertiesOf(csdl, name).keys()].filter((property) => !common.has(property));
      expect(Object.keys(target).sort()).toEqual(['__typename', 'filter', ...own].sort());
    }
  });
});
