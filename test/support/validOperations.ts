import {
  type GraphQLField,
  type GraphQLInputType,
  GraphQLInterfaceType,
  type GraphQLNamedType,
  GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
} from 'graphql';
import type { Choices } from '../extended/fuzz/choices.ts';
import { type Notation, randomValue } from '../extended/fuzz/randomValues.ts';

/** An operation with a document that is valid as a rule; values of variables may be wrong. */
interface ValidOperation {
  readonly query: string;
  /** JSON. */
  readonly variables: string;
}

const json: Notation = { kind: 'json' };
const literal: Notation = { kind: 'document' };

/** Draws an operation with aliases, fragments, directives, variables and defaults, several levels deep. */
export function validOperation(schema: GraphQLSchema, choices: Choices): ValidOperation {
  const declared: string[] = [];
  const values: string[] = [];
  const fragments: string[] = [];
  let aliases = 0;

  /** A variable for a value, which may have a default, be null or be missing. */
  function variable(
    type: GraphQLInputType | string,
    drawn: (notation: Notation) => string,
  ): string {
    const name = `v${declared.length}`;
    const hasDefault = choices.chance(25);
    const written = hasDefault && choices.chance(50) ? String(type).replace(/!$/, '') : type;
    declared.push(`$${name}: ${written}${hasDefault ? ` = ${drawn(literal)}` : ''}`);
    if (!choices.chance(hasDefault ? 40 : 3)) {
      values.push(`"${name}":${choices.chance(5) ? 'null' : drawn(json)}`);
    }
    return `$${name}`;
  }

  function argument({ name, type }: { name: string; type: GraphQLInputType }): string {
    const value = choices.chance(70)
      ? variable(type, (notation) => randomValue(type, notation, choices))
      : randomValue(type, literal, choices);
    return `${name}: ${value}`;
  }

  function directives(): string {
    if (!choices.chance(12)) {
      return '';
    }
    const condition = choices.chance(70)
      ? variable('Boolean!', () => choices.pick(['true', 'false']))
      : choices.pick(['true', 'false']);
    return ` @${choices.pick(['skip', 'include'])}(if: ${condition})`;
  }

  function field({ name, args, type }: GraphQLField<unknown, unknown>): string {
    const given = args.filter(({ type: of }) => String(of).endsWith('!') || choices.chance(30));
    const isAliased = args.length > 0 || choices.chance(15);
    aliases += isAliased ? 1 : 0;
    const inside = getNamedType(type);
    return [
      isAliased ? `a${aliases}: ${name}` : name,
      given.length > 0 ? `(${given.map(argument).join(', ')})` : '',
      directives(),
      isCompositeType(inside) ? ` ${selections(inside)}` : '',
    ].join('');
  }

  function fragment(type: GraphQLNamedType): string {
    const on =
      type instanceof GraphQLInterfaceType
        ? choices.pick([type, ...schema.getPossibleTypes(type)])
        : type;
    const inside = selections(on);
    if (choices.chance(60)) {
      return `...${choices.chance(80) ? ` on ${on.name}` : ''}${directives()} ${on === type || choices.chance(50) ? inside : '{ __typename }'}`;
    }
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} on ${on.name} ${inside}`);
    return `...${name}${directives()}${choices.chance(20) ? ` ...${name}` : ''}`;
  }

  function selections(type: GraphQLNamedType): string {
    const fields =
      type instanceof GraphQLObjectType || type instanceof GraphQLInterfaceType
        ? Object.values(type.getFields())
        : [];
    const one = (): string => {
      const lot = choices.below(100);
      return lot >= 92 ? '__typename' : lot >= 78 ? fragment(type) : field(choices.pick(fields));
    };
    return `{ ${[one(), ...choices.some(6, one)].join(' ')} }`;
  }

  const kind = choices.pick(['query', 'query', 'mutation'] as const);
  const root = kind === 'query' ? schema.getQueryType() : schema.getMutationType();
  const fields = Object.values(root?.getFields() ?? {});
  const body = [1, ...choices.some(2, () => 1)].map(() => field(choices.pick(fields)));
  if (choices.chance(10)) {
    body.push(`...R ${directives()}`);
    fragments.push(`fragment R on ${root?.name} { ${field(choices.pick(fields))} }`);
  }
  const head = declared.length > 0 ? `(${declared.join(', ')})` : '';
  return {
    query: `${kind} Q${head} { ${body.join(' ')} } ${fragments.join(' ')}`,
    variables: `{${values.join()}}`,
  };
}
