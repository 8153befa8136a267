import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse, validate } from 'graphql';
import { oddities } from '../../src/emulator/oddities/oddity.ts';
import { createSchema, readSdl } from '../../src/server/schema.ts';

const textOf = (file: string): string =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const readme = textOf('README.md');
const schema = createSchema(readSdl());

describe('the README', () => {
  const documents = [...readme.matchAll(/```graphql\n([\s\S]*?)```/g)].map(
    (match) => match[1] ?? '',
  );

  it('shows operations that the schema accepts', () => {
    expect(documents.length).toBeGreaterThan(2);
    for (const document of documents) {
      expect(validate(schema, parse(document))).toEqual([]);
    }
  });

  it('shows every query and mutation', () => {
    const text = documents.join();
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    expect(fields.filter((field) => !new RegExp(`\\b${field}\\b *[({]`).test(text))).toEqual([]);
  });

  it('names every variable that the configuration reads', () => {
    const files = readdirSync(new URL('../../src/config/', import.meta.url));
    const source = files.map((file) => textOf(`src/config/${file}`)).join();
    const names = [...source.matchAll(/'([A-Z][A-Z_]{3,})'/g)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(8);
    expect([...new Set(names)].filter((name) => !readme.includes(name))).toEqual([]);
  });

  it('says what each oddity of the embedded Graph is', () => {
    expect(oddities.filter((oddity) => !readme.includes(`| \`${oddity}\` `))).toEqual([]);
  });
});
