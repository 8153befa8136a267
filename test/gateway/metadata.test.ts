import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { Emulator } from '../../src/emulator/server.ts';
import type { GraphApiVersion } from '../../src/graph/types.ts';
import { partnerFromWire, readPartner, targetFromWire } from '../../src/partners/partnerMapping.ts';
import { findDrift } from '../../tools/drift/compare.ts';
import { generationOf, knownModelOf, typeNames } from '../../tools/drift/knownModel.ts';
import { type Csdl, derivesFrom, propertiesOf, readCsdl } from '../../tools/drift/readCsdl.ts';
import { startTestGraph } from '../support/testGraphs.ts';

type Beta = 'reference-page' | 'today';

const graphs = new Map<Beta, Emulator>();

beforeAll(async () => {
  for (const generation of ['reference-page', 'today'] as const) {
    graphs.set(generation, await startTestGraph({ generation }));
  }
});

afterAll(async () => {
  for (const graph of graphs.values()) {
    await graph.close();
  }
});

async function download(generation: Beta, version: GraphApiVersion): Promise<string> {
  const { body } = await request(`${graphs.get(generation)?.baseUrl}/${version}/$metadata`);
  return body.text();
}

function driftOf(xml: string, version: GraphApiVersion): readonly string[] {
  const csdl = readCsdl(xml);
  return findDrift(knownModelOf(generationOf(csdl, version)), csdl);
}

const documents: readonly [Beta, GraphApiVersion][] = [
  ['reference-page', 'beta'],
  ['today', 'beta'],
  ['today', 'v1.0'],
];

describe.each(documents)('the metadata that %s serves as %s', (generation, version) => {
  let xml: string;
  let csdl: Csdl;

  beforeAll(async () => {
    xml = await download(generation, version);
    csdl = readCsdl(xml);
  });

  it('is what the wire types and the tables of the mapping say', () => {
    expect(driftOf(xml, version)).toEqual([]);
  });

  it('would be missed in any of its properties, members and targets', () => {
    const lines = xml.split('\n');
    const counting = /<(Property|Member|NavigationProperty|Singleton) |<ComplexType .* \/>/;
    const counted = [...lines.keys()].filter((at) => counting.test(lines[at] ?? ''));
    const unmissed = counted.filter((at) => {
      const without = lines.filter((_line, index) => index !== at).join('\n');
      return driftOf(without, version).length === 0;
    });
    expect(counted.length).toBeGreaterThan(20);
    expect(unmissed.map((at) => lines[at])).toEqual([]);
  });

  it('names properties that the gateway checks and shows, all of them', () => {
    for (const name of propertiesOf(csdl, typeNames.partner).keys()) {
      expect(typeof readPartner({ id: 'one', [name]: 1.5 })).toBe('string');
      expect(partnerFromWire({ id: 'one' })).toHaveProperty(name);
    }
  });

  it('names states that the schema has, all of them', () => {
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
