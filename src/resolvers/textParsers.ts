import { GraphQLError, type GraphQLScalarTypeConfig, Kind, type ValueNode } from 'graphql';

type Parsers = Required<
  Pick<GraphQLScalarTypeConfig<string, string>, 'parseValue' | 'parseLiteral'>
>;

/**
 * Gives the reading half of a scalar over a text. `findProblem` ends the sentence that the text begins, or gives
 * undefined. A literal is refused with its place in the document, without which nobody could tell which of several is
 * meant; for a variable graphql-js names the place itself.
 */
export function textParsers(
  name: string,
  findProblem: (text: string) => string | undefined,
): Parsers {
  const read = (value: unknown, kind: string, node: ValueNode | null): string => {
    if (typeof value !== 'string') {
      throw new GraphQLError(`${name} must be given as a text, not as ${kind}.`, { nodes: node });
    }
    const problem = findProblem(value);
    if (problem !== undefined) {
      throw new GraphQLError(`${name} "${value.slice(0, 64)}" ${problem}.`, { nodes: node });
    }
    return value;
  };
  return {
    parseValue: (value) => read(value, typeof value, null),
    parseLiteral: (node) =>
      read(
        node.kind === Kind.STRING ? node.value : undefined,
        node.kind.replace(/Value$/, ''),
        node,
      ),
  };
}
