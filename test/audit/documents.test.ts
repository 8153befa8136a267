import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  buildClientSchema,
  buildSchema,
  type FieldNode,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  lexicographicSortSchema,
  parse,
  printSchema,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { createSchema, readSdl } from '../../src/graphql/schema.ts';
import { artifactsOf } from '../../tools/artifacts/artifactsOf.ts';
import { startTestGateway } from '../support/testGateways.ts';

const root = new URL('../../', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const sdl = readSdl();
const schema = createSchema(sdl);
const artifacts = artifactsOf(schema, sdl);
const json = (name: string): unknown => JSON.parse(artifacts[name] ?? '');

describe('the example', () => {
  const folder = 'examples/consumer/operations/';

  it('has operations that the schema accepts, with every query and mutation', () => {
    const texts = readdirSync(new URL(folder, root)).map((file) => textOf(`${folder}${file}`));
    const operations = parse(texts.join('\n'));
    expect(validate(schema, operations)).toEqual([]);
    const used = new Set<string>();
    const types = new TypeInfo(schema);
    const Field = (node: FieldNode): void => {
      used.add(`${types.getParentType()?.name}.${node.name.value}`);
    };
    visit(operations, visitWithTypeInfo(types, { Field }));
    const offered = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}).map((field) => `${type?.name}.${field}`),
    );
    expect(offered.length).toBeGreaterThan(6);
    expect(offered.filter((field) => !used.has(field))).toEqual([]);
  });

  it('is what docs/frontend.md shows of it', () => {
    const section =
      /## Use it from a frontend\n([\s\S]*?)\n## /.exec(textOf('docs/frontend.md'))?.[1] ?? '';
    const shown = [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
    expect(shown).toEqual([
      textOf('examples/consumer/codegen.ts'),
      textOf('examples/consumer/src/createClient.ts'),
    ]);
  });

  it('knows what to do for each error code that docs/errors.md lists', () => {
    const codes = [
      ...textOf('docs/errors.md').matchAll(/^\| `([A-Z_]+)` +\|.*\| (?:\d{3}|–) +\|$/gm),
    ].map(([, code]) => code);
    const handled = textOf('examples/consumer/src/failureOf.ts');
    expect(codes.length).toBeGreaterThan(8);
    expect(codes.filter((code) => !handled.includes(`  ${code}: '`))).toEqual([]);
  });

  it('is what .graphqlrc.yml leads editors to, beside the schema', () => {
    const globs = textOf('.graphqlrc.yml').match(/[\w/]+\/\*\S+/g) ?? [];
    expect(globs.slice(0, 2)).toEqual(['schema/*.graphql', `${folder}*.graphql`]);
    for (const glob of globs) {
      const place = new URL(glob.slice(0, glob.indexOf('*')), root);
      expect(readdirSync(place)).not.toEqual([]);
    }
  });

  it('uses the versions of the gateway for packages that both use', () => {
    const versionsIn = (file: string): Record<string, string> => {
      const manifest = JSON.parse(textOf(file)) as Record<string, Record<string, string>>;
      return { ...manifest['dependencies'], ...manifest['devDependencies'] };
    };
    const own = versionsIn('package.json');
    const shared = Object.entries(versionsIn('examples/consumer/package.json')).filter(
      ([name]) => name in own,
    );
    expect(shared.length).toBeGreaterThan(3);
    expect(shared).toEqual(shared.map(([name]) => [name, own[name]]));
  });
});

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
      Node: ['ComplianceManagementPartner'],
    });
  });

  it("gives each custom scalar the type that the gateway's own code has for it", () => {
    const block = /\n {2}scalars:\n((?: {4}.*\n)+)/.exec(textOf('codegen.yml'))?.[1] ?? '';
    const own = [...block.matchAll(/^ {4}(\w+): (.*)$/gm)].map(([, name, type]) => [name, type]);
    expect(json('scalars.json')).toEqual(Object.fromEntries(own));
    expect(own.length).toBeGreaterThan(3);
  });

  it('is rejected by the build when a scalar has no type', () => {
    const untyped = buildSchema('scalar Color type Query { color: Color }');
    expect(() => artifactsOf(untyped, printSchema(untyped))).toThrow('Color');
  });
});
