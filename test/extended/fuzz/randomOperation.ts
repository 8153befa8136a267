import {
  GraphQLBoolean,
  type GraphQLField,
  type GraphQLInputType,
  GraphQLInterfaceType,
  type GraphQLNamedType,
  GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
} from 'graphql';
import type { Choices } from './randomCases.ts';
import { type Notation, randomJunk, randomName, randomValue } from './randomValues.ts';

/** What a caller sends, in texts: variables are JSON that may be broken or repeat itself. */
export interface RandomOperation {
  readonly query: string;
  readonly variables?: string;
  readonly operationName?: string | undefined;
}

const json: Notation = { kind: 'json' };
const literal: Notation = { kind: 'document' };
/** Where an operation with mistakes could go on forever. */
const deepest = 9;

/**
 * Draws an operation with aliases, fragments, directives, variables and defaults, several levels deep. Its document is
 * valid as a rule, although values may be wrong; `hasMistakes` makes mistakes in its form as well.
 */
export function randomOperation(
  schema: GraphQLSchema,
  choices: Choices,
  hasMistakes: boolean,
): RandomOperation {
  const declared: string[] = [];
  const values: string[] = [];
  const fragments: string[] = [];
  let aliases = 0;
  const slips = (percent: number): boolean => hasMistakes && choices.chance(percent);
  const variableOf = (type: GraphQLInputType): string =>
    variable(type, (notation) => randomValue(type, notation, choices));
  const withVariables: Notation = hasMistakes ? { ...literal, variable: variableOf } : literal;

  /** A variable for a value, which may have a default, be null or be missing. */
  function variable(type: GraphQLInputType | string, draw: (notation: Notation) => string): string {
    const name = slips(4) ? randomName(choices) : `v${declared.length}`;
    const hasDefault = choices.chance(25);
    // With a default, a nullable variable may stand where null may not; only the execution sees a null in it.
    const isLoose = hasDefault && choices.chance(50);
    const right = isLoose ? String(type).replace(/!$/, '') : String(type);
    const written = slips(4) ? choices.pick(['Int', 'String!', '[Missing!]', 'Query']) : right;
    declared.push(`$${name}: ${written}${hasDefault ? ` = ${draw(literal)}` : ''}`);
    if (!choices.chance(hasDefault ? 40 : 3)) {
      const isNull = choices.chance(isLoose ? 20 : 5);
      values.push(`${JSON.stringify(name)}:${isNull ? 'null' : draw(json)}`);
    }
    return `$${name}`;
  }

  function argument({ name, type }: { name: string; type: GraphQLInputType }): string {
    const value = choices.chance(70) ? variableOf(type) : randomValue(type, withVariables, choices);
    return `${name}: ${value}`;
  }

  function directives(): string {
    if (!choices.chance(12)) {
      return '';
    }
    const literally = (): string => choices.pick(['true', 'false']);
    const usual = choices.chance(70) ? variable('Boolean!', literally) : literally();
    const condition = slips(30) ? randomValue(GraphQLBoolean, withVariables, choices) : usual;
    const right = ` @${choices.pick(['skip', 'include'])}(if: ${condition})`;
    const odd = [' @include(if: true)', ' @skip', ' @deprecated(reason: "x")'];
    const others = slips(40)
      ? choices.some(4, () => choices.pick([...odd, ` @${randomName(choices)}`]))
      : [];
    return `${right}${others.join('')}`;
  }

  function field({ name, args, type }: GraphQLField<unknown, unknown>, depth: number): string {
    const given = args
      .filter(({ type: of }) => (String(of).endsWith('!') ? !slips(3) : choices.chance(30)))
      .map(argument);
    if (slips(3)) {
      given.push(`${randomName(choices)}: ${randomJunk(literal, choices)}`);
    }
    const isAliased = args.length > 0 || choices.chance(15);
    aliases += isAliased ? 1 : 0;
    const odd = ['', 'a: ', 'id: ', '__proto__: ', `${randomName(choices)}: `];
    const alias = slips(15) ? choices.pick(odd) : isAliased ? `a${aliases}: ` : '';
    const inside = getNamedType(type);
    return [
      `${alias}${name}`,
      given.length > 0 ? `(${given.join(', ')})` : '',
      directives(),
      isCompositeType(inside) !== slips(2) ? ` ${selections(inside, depth + 1)}` : '',
    ].join('');
  }

  function fragment(type: GraphQLNamedType, depth: number): string {
    const right =
      type instanceof GraphQLInterfaceType
        ? choices.pick([type, ...schema.getPossibleTypes(type)])
        : type;
    const on = slips(10) ? choices.pick(['Query', 'Missing', 'ID', 'PageInfo']) : right.name;
    const inside = selections(schema.getType(on) ?? right, depth + 1);
    if (choices.chance(60)) {
      const isAlike = on === type.name || choices.chance(50);
      const condition = choices.chance(80) ? ` on ${on}` : '';
      return `...${condition}${directives()} ${isAlike ? inside : '{ __typename }'}`;
    }
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} on ${on} ${inside}`);
    return slips(5)
      ? '__typename'
      : `...${name}${directives()}${choices.chance(20) ? ` ...${name}` : ''}`;
  }

  function selections(type: GraphQLNamedType, depth: number, most = 6): string {
    const all =
      type instanceof GraphQLObjectType || type instanceof GraphQLInterfaceType
        ? Object.values(type.getFields())
        : [];
    const isDeep = depth >= deepest;
    const fields = all.filter((one) => !isDeep || !isCompositeType(getNamedType(one.type)));
    const one = (): string => {
      const lot = choices.below(100);
      if (slips(4)) {
        const name = randomName(choices);
        // The first fragment may come to hold itself; the others are nowhere.
        return choices.pick([name, `${name} { id }`, '...F0', '...on', '...__proto__']);
      }
      if (lot >= 92 || fields.length === 0) {
        return '__typename';
      }
      return lot >= 78 && !isDeep ? fragment(type, depth) : field(choices.pick(fields), depth);
    };
    return `{ ${[one(), ...choices.some(most, one)].join(' ')} }`;
  }

  const kind = choices.pick(['query', 'query', 'mutation'] as const);
  const root = kind === 'query' ? schema.getQueryType() : schema.getMutationType();
  const body = selections(root as GraphQLNamedType, 0, 2);
  const atRoot = slips(8) ? directives() : '';
  const variables = declared.length > 0 ? `(${declared.join(', ')})` : '';
  const head = `${slips(15) ? 'subscription' : kind} Q${variables}${atRoot}`;
  const second = slips(4) ? ' query Other { __typename }' : '';
  return {
    query: `${head} ${body} ${fragments.join(' ')}${second}`,
    variables: `{${values}}`,
    operationName: slips(10) ? choices.pick(['Q', 'Other', '', '__proto__']) : undefined,
  };
}
