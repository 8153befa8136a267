import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { GraphQLUUID } from 'graphql-scalars';

/** The library's scalar without its braces: it cuts them off, together with whatever stands where the second should. */
export const UUID = new GraphQLScalarType<string, string>({
  ...GraphQLUUID.toConfig(),
  parseValue: readPlain,
  parseLiteral: (node) => readPlain(node.kind === Kind.STRING ? node.value : undefined),
});

function readPlain(value: unknown): string {
  if (typeof value === 'string' && /[{}]/.test(value)) {
    throw new GraphQLError('Write the UUID without braces: xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx.');
  }
  return GraphQLUUID.parseValue(value) as string;
}
