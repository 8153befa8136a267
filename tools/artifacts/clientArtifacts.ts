import {
  type GraphQLSchema,
  introspectionFromSchema,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { artifactsOf } from './artifactsOf.ts';

/**
 * What the package for clients offers, by file name: as the gateway's, but the introspection without descriptions, which
 * the SDL has, and the types without a key for urql's cache.
 */
export function clientArtifactsOf(
  schema: GraphQLSchema,
  sdl: string,
): Readonly<Record<string, string>> {
  const introspection = introspectionFromSchema(schema, {
    descriptions: false,
    experimentalDirectiveDeprecation: false,
  });
  return {
    ...artifactsOf(schema, sdl),
    'introspection.json': `${JSON.stringify(introspection)}\n`,
    'urql.js': urqlKeysOf(schema),
  };
}

/** Has an id that says nothing of the rest: one assignment includes a filter, another excludes it. */
const sharedIds: ReadonlySet<string> = new Set(['AssignmentFilter']);

function urqlKeysOf(schema: GraphQLSchema): string {
  const roots = [schema.getQueryType(), schema.getMutationType()];
  const names = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter((type) => !isIntrospectionType(type) && !roots.includes(type))
    .filter((type) => sharedIds.has(type.name) || !('id' in type.getFields()))
    .map(({ name }) => name);
  const lines = names.map((name) => `  ${name}: embedded,`);
  return `const embedded = () => null;\nexport const keys = {\n${lines.join('\n')}\n};\n`;
}
