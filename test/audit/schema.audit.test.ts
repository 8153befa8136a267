import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type DefinitionNode, Kind, parse, visit } from 'graphql';

const folder = new URL('../../schema/', import.meta.url);
const documents = readdirSync(folder)
  .filter((file) => file.endsWith('.graphql'))
  .map((file) => parse(readFileSync(new URL(file, folder), 'utf8')));
const definitions: readonly DefinitionNode[] = documents.flatMap(
  (document) => document.definitions,
);

describe('the schema', () => {
  it('describes every type, field, argument, input field and enum value', () => {
    const undescribed: string[] = [];
    for (const definition of definitions) {
      visit(definition, {
        enter(node) {
          const isElement =
            node.kind.endsWith('TypeDefinition') ||
            node.kind === Kind.FIELD_DEFINITION ||
            node.kind === Kind.INPUT_VALUE_DEFINITION ||
            node.kind === Kind.ENUM_VALUE_DEFINITION;
          if (isElement && 'description' in node && 'name' in node && !node.description?.value) {
            undescribed.push(`${String(node.name?.value)} (${node.kind})`);
          }
        },
      });
    }
    expect(undescribed).toEqual([]);
  });

  it('is not empty, so that the audit above sees something', () => {
    expect(definitions.length).toBeGreaterThan(30);
  });

  const fieldsOf = (name: string) =>
    definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === name
        ? (definition.fields ?? [])
        : [],
    );

  it.each(['Query', 'Mutation'])('makes every field of %s nullable', (type) => {
    const fields = fieldsOf(type);
    expect(fields.length).toBeGreaterThan(2);
    const nonNull = fields.filter((field) => field.type.kind === Kind.NON_NULL_TYPE);
    expect(nonNull.map(({ name }) => name.value)).toEqual([]);
  });

  it('gives each mutation one input and a payload with user errors', () => {
    const mutations = fieldsOf('Mutation');
    expect(mutations.length).toBeGreaterThan(0);
    for (const mutation of mutations) {
      expect(mutation.type.kind).toBe(Kind.NAMED_TYPE);
      expect(mutation.arguments?.map(({ name }) => name.value)).toEqual(['input']);
      const pascal = mutation.name.value.replace(/^./, (letter) => letter.toUpperCase());
      expect(fieldsOf(`${pascal}Payload`).map(({ name }) => name.value)).toContain('userErrors');
    }
  });
});
