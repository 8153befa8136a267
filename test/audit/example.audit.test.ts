import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type FieldNode, parse, TypeInfo, validate, visit, visitWithTypeInfo } from 'graphql';
import { createSchema, readSdl } from '../../src/server/schema.ts';

const root = new URL('../../', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const folder = 'examples/consumer/operations/';
const schema = createSchema(readSdl());
const operations = parse(
  readdirSync(new URL(folder, root))
    .map((file) => textOf(`${folder}${file}`))
    .join('\n'),
);
const readme = textOf('README.md');

describe("the example's operations", () => {
  it('are what the schema accepts', () => {
    expect(validate(schema, operations)).toEqual([]);
  });

  it('use every query and mutation', () => {
    const used = new Set<string>();
    const types = new TypeInfo(schema);
    visit(
      operations,
      visitWithTypeInfo(types, {
        Field(node: FieldNode) {
          used.add(`${types.getParentType()?.name}.${node.name.value}`);
        },
      }),
    );
    const offered = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}).map((field) => `${type?.name}.${field}`),
    );
    expect(offered.length).toBeGreaterThan(6);
    expect(offered.filter((field) => !used.has(field))).toEqual([]);
  });
});

describe('the example', () => {
  it('is what the README shows of it', () => {
    const section = /## Use it from a frontend\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
    const shown = [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
    expect(shown).toEqual([
      textOf('examples/consumer/codegen.ts'),
      textOf('examples/consumer/src/createClient.ts'),
    ]);
  });

  it('knows what to do for each error code that the README lists', () => {
    const codes = [...readme.matchAll(/^\| `([A-Z_]+)` +\|.*\| (?:\d{3}|–) +\|$/gm)].map(
      ([, code]) => code,
    );
    const handled = textOf('examples/consumer/src/failureOf.ts');
    expect(codes.length).toBeGreaterThan(8);
    expect(codes.filter((code) => !handled.includes(`  ${code}: '`))).toEqual([]);
  });

  it('uses the same versions as the gateway where both use a package', () => {
    const versionsIn = (file: string): Record<string, string> => {
      const manifest = JSON.parse(textOf(file)) as Record<string, Record<string, string>>;
      return { ...manifest['dependencies'], ...manifest['devDependencies'] };
    };
    const own = versionsIn('package.json');
    const shared = Object.entries(versionsIn('examples/consumer/package.json')).filter(
      ([name]) => name in own,
    );
    expect(shared.length).toBeGreaterThan(3);
    expect(Object.fromEntries(shared)).toEqual(
      Object.fromEntries(shared.map(([name]) => [name, own[name]])),
    );
  });
});
