import { describe, expect, it } from '@jest/globals';
import * as graphql from 'graphql';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { artifactsOf } from '../../tools/artifacts/artifactsOf.ts';
import { filesBelow, pageText } from '../support/documentPages.ts';
import { startTestGateway } from '../support/testGateways.ts';

const sdl = readSdl();
const schema = createSchema(sdl);
const artifacts = artifactsOf(schema, sdl);
const json = (name: string): unknown => JSON.parse(artifacts[name] ?? '');

describe('the example', () => {
  const folder = 'examples/consumer/operations';

  it('has operations that the schema accepts, with every query and mutation', () => {
    const operations = graphql.parse(filesBelow(folder).map(pageText).join('\n'));
    expect(graphql.validate(schema, operations)).toEqual([]);
    const used: unknown[] = [];
    const types = new graphql.TypeInfo(schema);
    const Field = () => void used.push(types.getFieldDef());
    graphql.visit(operations, graphql.visitWithTypeInfo(types, { Field }));
    const offered = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.values(type?.getFields() ?? {}),
    );
    expect(offered.length).toBeGreaterThan(6);
    expect(offered.filter((field) => !used.includes(field))).toEqual([]);
  });

  it('is what docs/frontend.md shows of it', () => {
    const [, after = ''] = pageText('docs/frontend.md').split('## Use it from a frontend\n');
    const [section = ''] = after.split('\n## ');
    const shown = [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
    const files = ['codegen.ts', 'src/createClient.ts'];
    expect(shown).toEqual(files.map((file) => pageText(`examples/consumer/${file}`)));
  });

  it('knows what to do for each error code that docs/errors.md lists', () => {
    const rows = pageText('docs/errors.md').matchAll(/^\| `([A-Z_]+)` +\|.*\| (?:\d{3}|–) +\|$/gm);
    const codes = [...rows].map(([, code]) => code);
    const handled = pageText('examples/consumer/src/failureOf.ts');
    expect(codes.length).toBeGreaterThan(8);
    expect(codes.filter((code) => !handled.includes(`  ${code}: '`))).toEqual([]);
  });

  it('is what .graphqlrc.yml leads editors to, beside the schema', () => {
    const globs = pageText('.graphqlrc.yml').match(/[\w/]+\/\*\S+/g) ?? [];
    expect(globs.slice(0, 2)).toEqual(['schema/*.graphql', `${folder}/*.graphql`]);
    const empty = globs.filter(
      (glob) => filesBelow(glob.slice(0, glob.indexOf('/*'))).length === 0,
    );
    expect(empty).toEqual([]);
  });

  it('uses the versions of the gateway for packages that both use', () => {
    const versionsIn = (file: string): Record<string, string> => {
      const { dependencies, devDependencies } = JSON.parse(pageText(file));
      return { ...dependencies, ...devDependencies };
    };
    const [own, theirs] = ['package.json', 'examples/consumer/package.json'].map(versionsIn);
    const shared = Object.entries(theirs ?? {}).filter(([name]) => own?.[name] !== undefined);
    expect(shared.length).toBeGreaterThan(3);
    expect(shared.filter(([name, version]) => own?.[name] !== version)).toEqual([]);
  });
});

describe('what the package offers to the tools of frontends', () => {
  it('is the same schema that a gateway serves and answers introspections with', async () => {
    const gateway = await startTestGateway({});
    const served = await gateway.get('/schema.graphql');
    const { result } = await gateway.run(
      graphql.getIntrospectionQuery({
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
    const introspection = json('introspection.json') as graphql.IntrospectionQuery;
    const introspected = graphql.buildClientSchema(introspection);
    const textOf = (schema: graphql.GraphQLSchema) =>
      graphql.printSchema(graphql.lexicographicSortSchema(schema));
    expect(textOf(introspected)).toBe(textOf(graphql.buildSchema(sdl)));
    for (const name of ['DateTimeOffset', 'NonEmptyString', 'UUID', 'JSONObject']) {
      expect(introspected.getType(name)).toMatchObject({
        description: expect.stringMatching(/\S/),
        specifiedByURL: expect.stringContaining('https://'),
      });
    }
  });

  it('lists the types of each interface, so that caches can match fragments on it', () => {
    const known = ['AllLicensedUsers', 'AllDevices', 'Group', 'ExclusionGroup'];
    const others = ['ConfigurationManagerCollection', 'Unrecognized'];
    expect(json('possible-types.json')).toEqual({
      AssignmentTarget: [...known, ...others].map((kind) => `${kind}AssignmentTarget`),
      Node: ['ComplianceManagementPartner'],
    });
  });

  it("gives each custom scalar the type that the gateway's own code has for it", () => {
    const block = /\n {2}scalars:\n((?: {4}.*\n)+)/.exec(pageText('codegen.yml'))?.[1] ?? '';
    const own = [...block.matchAll(/^ {4}(\w+): (.*)$/gm)].map(([, name, type]) => [name, type]);
    expect(json('scalars.json')).toEqual(Object.fromEntries(own));
    expect(own.length).toBeGreaterThan(3);
  });

  it('is rejected by the build when a scalar has no type', () => {
    const untyped = graphql.buildSchema('scalar Color type Query { color: Color }');
    expect(() => artifactsOf(untyped, graphql.printSchema(untyped))).toThrow('Color');
  });
});
