import type { GraphQLResolveInfo } from 'graphql';
import type { AuthMode } from '../generated/graphql.ts';
import type { GraphClient } from '../graph/client.ts';
import type { GraphCall } from '../graph/request.ts';
import type { GraphApiVersion } from '../graph/types.ts';
import type { Authorizer } from '../identity/identityMode.ts';
import type { Clock } from '../shared/clock.ts';
import type { InexactNumber } from '../shared/json.ts';
import type { LoopShare } from '../shared/loopShare.ts';
import type { RequestTrace } from '../telemetry/trace.ts';
import type { PartnerLocks } from './locks.ts';
import type { PartnerModel, Payload } from './model.ts';
import type { PartnerReads } from './reads.ts';

/** Something that the caller should know of a field that was answered. */
export interface Notice {
  readonly code: 'FOUND_AFTER_UNCLEAR_ANSWER' | 'CHANGE_NOT_VISIBLE_YET' | 'ID_ASSIGNED_BY_GRAPH';
  readonly message: string;
  /** The field's path in the answer. */
  readonly path: readonly (string | number)[];
  readonly graph?: Readonly<Record<string, unknown>>;
}

/** A mutation with a key, its input free of problems. */
export interface KeyedMutation {
  readonly key: string;
  readonly input: object;
  readonly context: RequestContext;
  readonly info: GraphQLResolveInfo;
  /** Carries the mutation out, with a context that watches its write. */
  readonly run: (context: RequestContext) => Promise<Payload>;
  /** Looks for what an attempt with an unknown outcome may have written, if that can be told. */
  readonly look: (() => Promise<PartnerModel | undefined>) | undefined;
}

/** The ids of partners that this replica has seen in Graph's answers. */
export interface SeenPartnerIds {
  note(partners: Iterable<{ readonly id: string }>): void;
  has(id: string): boolean;
}

/** What the answer of one operation has so far, counted while it is made. */
export interface AnswerCount {
  bytes: number;
  values: number;
  /** The bound that the answer is beyond, once it is. */
  excess:
    | {
        readonly limit: 'answer-bytes' | 'answer-values';
        readonly allowed: number;
        readonly seen: number;
        readonly isExact: boolean;
      }
    | undefined;
  /** The fields of a mutation that were cut because of it, by their paths. */
  readonly places: Map<string, readonly (string | number)[]>;
  /**
   * Counts the value of a field with a resolver of its own; absent if nothing bounds the answer.
   * @throws LimitError if the answer is beyond a bound
   */
  count?: (value: unknown, info: GraphQLResolveInfo) => void;
}

/** What the resolvers of one operation share. Made for each request; nothing but locks and known ids outlives it. */
export interface RequestContext {
  readonly requestId: string;
  /** The numbers of the variables that are not as they were sent once they are parsed. */
  readonly inexactVariables: readonly InexactNumber[];
  readonly graph: GraphClient<PartnerModel>;
  /** The version that the gateway is configured for, which decides what an input may hold. */
  readonly apiVersion: GraphApiVersion;
  readonly clock: Clock;
  /** Handed to every call of Graph. */
  readonly call: GraphCall;
  readonly trace?: RequestTrace | undefined;
  /** Authorizes the caller or throws; undefined if Graph alone decides. */
  readonly authorizer: Authorizer | undefined;
  /** Whether Graph or the authorizer has accepted the caller's token. */
  readonly isTokenAccepted: () => boolean;
  readonly authMode: AuthMode;
  /** The time of the event loop for work of the operation that grows with rows; throws once the operation has ended. */
  share: LoopShare;
  readonly answer: AnswerCount;
  /**
   * The reads of queries, made on the first call: Apollo Server copies the context, which would evaluate a getter for
   * every mutation. Mutations read for themselves, because they want what is there now.
   */
  readonly reads: () => PartnerReads;
  /** Shared by all requests of this replica. */
  readonly seenPartnerIds: SeenPartnerIds;
  /** How many rows of the list one operation may read. */
  readonly maximumRows: number;
  /** What the answer says beside its data, in `extensions.notices`. */
  readonly notices: Notice[];
  /** Lets the operation go on after its caller has closed its side of the connection. */
  readonly noteMutation: () => void;
  /** Takes back the operation's timer and ends its reads; called when its answer is complete. */
  readonly finish: () => void;
  /** Shared by all requests of this replica. */
  readonly locks: PartnerLocks;
  /** Gives a repeat of a mutation its first outcome instead of another write; throws the same if that is unknown. */
  readonly idempotency: { run(mutation: KeyedMutation): Promise<Payload> };
}
