import { Readable } from 'node:stream';
import { type ApolloServer, type BaseContext, HeaderMap } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Admit } from '../graphql/admission.ts';
import type { InexactNumber } from '../shared/json.ts';
import { laterTurn } from '../shared/loopShare.ts';

export interface FinishableContext extends BaseContext {
  /** Ends what the context holds; it may be called more than once. */
  readonly finish?: () => void;
}

/** What the route needs: the GraphQL server, and what belongs to one request of it. */
export interface GraphQLHandlerParts<Context extends FinishableContext> {
  readonly apollo: ApolloServer<Context>;
  readonly admit: Admit;
  contextOf(
    request: FastifyRequest,
    reply: FastifyReply,
    inexactVariables: readonly InexactNumber[],
  ): Promise<Context>;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Hands a request to the GraphQL server and its answer back; all rules are elsewhere. */
export function createGraphQLHandler<Context extends FinishableContext>({
  apollo,
  admit,
  contextOf,
}: GraphQLHandlerParts<Context>): Handler {
  return async (request, reply) => {
    const { id, method, body: sent, inexactNumbers } = request;
    const search = searchOf(request.url);
    const admitted = admit({ id, method, body: sent, search, inexactNumbers });
    let context: Context | undefined;
    const { status, headers, body } = await apollo
      .executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method,
          headers: headersOf(request),
          search: admitted.search,
          body: admitted.body,
        },
        context: async () => {
          context = await contextOf(request, reply, admitted.inexactVariables);
          return context;
        },
      })
      // What is rejected before it is an operation has started its time, too.
      .finally(() => context?.finish?.());
    reply.code(status ?? 200);
    for (const [name, value] of headers) {
      reply.header(name, value);
    }
    if (body.kind !== 'complete') {
      return reply.send(Readable.from(body.asyncIterator));
    }
    if (body.string.length <= charactersAtOnce) {
      return reply.send(body.string);
    }
    reply.header('content-length', Buffer.byteLength(body.string));
    return reply.send(Readable.from(slicesOf(body.string)));
  };
}

/** A longer answer is encoded and written in several turns of the event loop: the system takes its time for each. */
const charactersAtOnce = 65_536;

/** Cuts a text between characters, never inside one of two code units. */
export async function* slicesOf(text: string): AsyncGenerator<Buffer, void, undefined> {
  for (let start = 0; start < text.length; ) {
    const end = start + charactersAtOnce;
    const isInside = /[\ud800-\udbff]/.test(text.charAt(end - 1));
    const next = isInside ? end + 1 : end;
    yield Buffer.from(text.slice(start, next));
    start = next;
    await laterTurn();
  }
}

/** Only what counts as preflighted is left of `authorization`: browsers send other schemes by themselves. */
function headersOf({ headers }: FastifyRequest): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && (name !== 'authorization' || /^bearer +\S/i.test(String(value)))) {
      map.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
  }
  return map;
}

/** Cut out by hand: what stands before it can be anything, and building a URL from that can fail. */
function searchOf(url: string): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start);
}
