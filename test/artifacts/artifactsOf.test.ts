import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  buildClientSchema,
  buildSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { artifactsOf } from '../../src/artifacts/artifactsOf.ts';
import { createSchema, readSdl } from '../../src/server/schema.ts';
import { startTestGateway } from '../support/testGateways.ts';

const sdl = readSdl();
const artifacts = artifactsOf(createSchema(sdl), sdl);
const json = (name: string): unknown => JSON.parse(artifacts[name] ?? '');

describe('what the package offers to the tools of frontends', () => {
  it('is the same schema that a gateway serves and answers introspections with', async () => {
    const gateway = await startTestGateway({});
    const served = await gateway.get('/schema.graphql');
    const { result } = await gateway.run(
      getIntrospectionQuery({
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        oneOf: true,
      }),
    );
    await gateway.stop(0);
    expect(artifacts['schema.graphql']).toBe(served.text);
    expect(json('introspection.json')).toEqual(result.data);
  });

  it('tells one manual in the SDL and in the introspection', () => {
    const introspected = buildClientSchema(json('introspection.json') as IntrospectionQuery);
    const textOf = (schema: GraphQLSchema) => printSchema(lexicographicSortSchema(schema));
    expect(textOf(introspected)).toBe(textOf(buildSchema(sdl)));
    for (const name of ['DateTimeOffset', 'NonEmptyString', 'UUID', 'JSONObject']) {
      expect(introspected.getType(name)).toMatchObject({
        description: expect.stringMatching(/\S/),
        specifiedByURL: expect.stringContaining('https://'),
      });
    }
  });

  it('lists the types of each interface, so that caches can match fragments on it', () => {
    expect(json('possible-types.json')).toEqual({
      AssignmentTarget: [
        'AllLicensedUsersAssignmentTarget',
        'AllDevicesAssignmentTarget',
        'GroupAssignmentTarget',
        'ExclusionGroupAssignmentTarget',
        'ConfigurationManagerCollectionAssignmentTarget',
        'UnrecognizedAssignmentTarget',
      ],
    });
  });

  it('lists the types of a union too', () => {
    const schema = buildSchema(
      'type A { a: Int } type B { b: Int } union U = A | B type Query { u: U }',
    );
    expect(JSON.parse(artifactsOf(schema, '')['possible-types.json'] ?? '')).toEqual({
      U: ['A', 'B'],
    });
  });

  it("gives each custom scalar the type that the gateway's own code has for it", () => {
    const codegen = readFileSync(new URL('../../codegen.yml', import.meta.url), 'utf8');
    const block = /\n {2}scalars:\n((?: {4}.*\n)+)/.exec(codegen)?.[1] ?? '';
    const own = [...block.matchAll(/^ {4}(\w+): (.*)$/gm)].map(([, name, type]) => [name, type]);
    expect(json('scalars.json')).toEqual(Object.fromEntries(own));
    expect(own.length).toBeGreaterThan(3);
  });

  it('is refused by the build where a scalar has no type', () => {
    const schema = buildSchema('scalar Colour type Query { colour: Colour }');
    expect(() => artifactsOf(schema, '')).toThrow('Colour');
  });
});
