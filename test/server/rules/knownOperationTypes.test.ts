import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { knownOperationTypes } from '../../../src/server/rules/knownOperationTypes.ts';

const both = 'type Query { a: Int } type Mutation { a: Int }';

describe('an operation', () => {
  it.each<[string, string, number]>([
    ['{ a }', both, 0],
    ['query { a }', both, 0],
    ['mutation { a }', both, 0],
    ['mutation { a }', 'type Query { a: Int }', 1],
    ['subscription { a }', both, 1],
    ['query A { a } subscription B { a }', both, 1],
    ['subscription { a }', `${both} type Subscription { a: Int }`, 0],
  ])('%s over the schema %s has %i faults of kind', (document, sdl, faults) => {
    const errors = validate(buildSchema(sdl), parse(document), [knownOperationTypes]);
    expect(errors).toHaveLength(faults);
  });

  it('of a kind that the schema does not have is refused with the kind in words', () => {
    const [error] = validate(buildSchema(both), parse('subscription { a }'), [knownOperationTypes]);
    expect(error?.message).toBe('This gateway has no operations of the kind "subscription".');
  });
});
