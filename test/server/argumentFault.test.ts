import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from '@jest/globals';
import { GraphQLError, graphql } from 'graphql';
import { GatewayError } from '../../src/resolvers/gatewayError.ts';
import { isArgumentFault } from '../../src/server/argumentFault.ts';

const schema = makeExecutableSchema({
  typeDefs: `
    input Choice @oneOf { a: Inside b: Int }
    input Inside { x: Int }
    enum Colour { RED }
    type Query {
      required(id: ID!): Int
      chosen(choice: Choice!): Int
      bug: Int
      refused: Int
      graphqlBug: Int
      number: Int
      colour: Colour
      never: Int!
    }
  `,
  resolvers: {
    Query: {
      required: () => 1,
      chosen: () => 1,
      bug: () => {
        throw new TypeError('a bug');
      },
      refused: () => {
        throw new GatewayError('THROTTLED', 'Slow down.');
      },
      graphqlBug: () => {
        throw new GraphQLError('a bug of a library');
      },
      number: () => 'many',
      colour: () => 'BLUE',
      never: () => null,
    },
  },
});

const errorOf = async (source: string, variableValues: Record<string, unknown> = {}) =>
  (await graphql({ schema, source, variableValues })).errors?.[0];

describe('an error of the execution', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['null in a variable with a default', 'query ($v: ID = "a") { required(id: $v) }', { v: null }],
    ['null for the one key', 'query ($v: Inside) { chosen(choice: { a: $v }) }', { v: null }],
    ['no value for the one key', 'query ($v: Inside) { chosen(choice: { a: $v }) }', {}],
    [
      'null for a directive at the root',
      'query ($v: Boolean = true) { number @include(if: $v) }',
      { v: null },
    ],
  ])('is the fault of the argument for %s', async (_what, source, variables) => {
    const error = await errorOf(source, variables);
    expect(error?.message).toMatch(/^Argument "/);
    expect(isArgumentFault(error)).toBe(true);
  });

  it.each(['bug', 'refused', 'graphqlBug', 'number', 'colour', 'never'])(
    'is none for what %s does',
    async (field) => {
      const error = await errorOf(`{ ${field} }`);
      expect(error).toBeInstanceOf(GraphQLError);
      expect(isArgumentFault(error)).toBe(false);
    },
  );
});
