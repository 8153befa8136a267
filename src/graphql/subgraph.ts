import {
  GraphQLError,
  type GraphQLFieldResolver,
  GraphQLScalarType,
  type GraphQLSchema,
  Kind,
  parse,
  print,
  type ValidationRule,
  visit,
} from 'graphql';
import type { RequestContext } from '../partners/context.ts';
import { entityName, readEntities } from '../partners/queries.ts';
import { entitiesField } from './operationWork.ts';
import { createSchema, readSdl, resolverMap } from './schema.ts';

/** What a composer asks for, by the name that the specification of subgraphs has. */
export const serviceField = '_service';

/**
 * Names that other subgraphs have too, for types and fields of their own: a composer rejects or mixes them. Relay's
 * refetching is the router's business, which alone knows all types behind ids.
 */
const foreignTypes: ReadonlySet<string> = new Set(['Node']);
const foreignRootFields: ReadonlySet<string> = new Set(['node', 'nodes']);

/** What the directives in the text mean. Version 2.0 has all of them, and every composer reads it. */
const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])';

/** Apollo's composer rejects `@oneOf` where it is not defined, and leaves it out of the supergraph. */
const oneOf = `"Exactly one field of the input must be given."
directive @oneOf on INPUT_OBJECT`;

/** As the specification of subgraphs has them; composers add their own. */
const machinery = `
  "A part of an entity: its type and its key."
  scalar _Any
  "What this subgraph can give by key."
  union _Entity = ${entityName}
  "What a composer reads of this subgraph."
  type _Service {
    "The schema with its directives."
    sdl: String
  }
  extend type Query {
    "The schema for a composer."
    ${serviceField}: _Service!
    "At most 100 partners by their ids, in order: null if Microsoft Graph has none, and null with an error if one failed."
    ${entitiesField}("The type and the key of each." representations: [_Any!]!): [_Entity]!
  }`;

/** The SDL that a composer reads: without foreign names, with the directives of federation. */
export function subgraphSdlOf(sdl: string): string {
  return `${link}\n\n${oneOf}\n\n${printOwn(sdl, directivesOf)}\n`;
}

const directivesOf: Readonly<Record<string, string>> = {
  [entityName]: '@key(fields: "id")',
  PageInfo: '@shareable',
};

/** Prints the definitions that are a subgraph's own. */
function printOwn(sdl: string, directives: Readonly<Record<string, string>> = {}): string {
  const document = visit(parse(sdl, { noLocation: true }), {
    InterfaceTypeDefinition: ({ name }) => (foreignTypes.has(name.value) ? null : undefined),
    ObjectTypeDefinition(node) {
      const isQuery = node.name.value === 'Query';
      const isOwn = (field: { readonly name: { readonly value: string } }): boolean =>
        !isQuery || !foreignRootFields.has(field.name.value);
      return {
        ...node,
        interfaces: node.interfaces?.filter(({ name }) => !foreignTypes.has(name.value)),
        fields: node.fields?.filter(isOwn),
        directives: [
          ...(node.directives ?? []),
          ...readDirectives(directives[node.name.value] ?? ''),
        ],
      };
    },
  });
  return print(document);
}

function readDirectives(text: string) {
  const [definition] = parse(`scalar Holder ${text}`, { noLocation: true }).definitions;
  return definition?.kind === Kind.SCALAR_TYPE_DEFINITION ? (definition.directives ?? []) : [];
}

/** A representation is judged by the field, which can say whose it is. */
const AnyRepresentation = new GraphQLScalarType({ name: '_Any' });

/** The SDL that is served and the schema that is executed, under a configuration. */
export function schemaOf({
  federation,
  introspection,
}: {
  readonly federation: 'off' | 'subgraph';
  readonly introspection: boolean;
}): { readonly sdl: string; readonly schema: GraphQLSchema } {
  const sdl = readSdl();
  if (federation === 'off') {
    return { sdl, schema: createSchema(sdl, !introspection) };
  }
  const served = subgraphSdlOf(sdl);
  const entities: GraphQLFieldResolver<unknown, RequestContext, { representations: unknown[] }> = (
    _parent,
    { representations },
    context,
  ) => readEntities(representations, context);
  const resolvers = {
    ...resolverMap,
    Query: {
      ...resolverMap.Query,
      [serviceField]: () => ({ sdl: served }),
      [entitiesField]: entities,
    },
    _Any: AnyRepresentation,
    _Entity: { __resolveType: () => entityName },
  };
  const schema = createSchema(`${printOwn(sdl)}\n${machinery}`, !introspection, resolvers);
  return { sdl: served, schema };
}

/** Rejects a document that asks for the SDL if introspection is off, as Apollo does for introspection. */
export const hiddenService: ValidationRule = (context) => ({
  Field(node) {
    const isRoot = context.getParentType() === context.getSchema().getQueryType();
    if (isRoot && node.name.value === serviceField) {
      context.reportError(
        new GraphQLError(
          'Introspection is disabled, and so is "_service". Compose with the subgraph.graphql of its package.',
          { nodes: node },
        ),
      );
    }
  },
});
