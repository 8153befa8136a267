import { responsePathAsArray } from 'graphql';
import type { UserError } from '../generated/graphql.ts';
import type { GraphClient } from '../graph/client.ts';
import { isGraphError, untilEnded } from '../graph/errors.ts';
import type { PartnerResource } from '../graph/types.ts';
import { digestOf } from '../shared/secret.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { Idempotency, KeyedMutation, RequestContext } from './context.ts';
import { GatewayError, toGatewayError } from './errors.ts';
import type { Payload } from './model.ts';
import type { KeyHold, KeyUse, OutcomeStore } from './outcomeStore.ts';
import {
  answeredOutcome,
  decideOutcome,
  doubtOf,
  type Ending,
  inputDigestOf,
  type Outcome,
  readOutcome,
  type WriteState,
  writeOutcome,
} from './outcomes.ts';
import { partnerFromWire } from './partnerMapping.ts';

interface IdempotencyParts {
  readonly store: OutcomeStore;
  /** Names the Graph whose partners are changed. */
  readonly graphRoot: string;
  readonly measurements: Pick<Measurements, 'keyUsed'>;
  /** Who calls; undefined as long as only the token says so. */
  readonly callerOf: (call: RequestContext['call']) => string | undefined;
}

/** A mutation that is being carried out in this replica. */
interface Running {
  readonly input: string;
  /** Its outcome; undefined if the key is free again. */
  readonly ended: Promise<Outcome | undefined>;
}

/** Makes it for this replica. Requests with one key wait for each other here before they reach the store. */
export function createIdempotency(parts: IdempotencyParts): Idempotency {
  const { store, graphRoot, callerOf, measurements } = parts;
  const running = new Map<string, Running>();

  /** The verified caller: a token that Graph has not accepted yet first has to read from Graph. */
  async function provenCaller({ graph, call }: RequestContext): Promise<string> {
    const known = callerOf(call);
    if (known !== undefined) {
      return known;
    }
    try {
      await graph.listPages(call).next();
    } catch (error) {
      throw toGatewayError(error);
    }
    return callerOf(call) ?? call.callerToken?.digest() ?? '';
  }

  /** Takes the key and does what it allows; `noteOutcome` hears what others get who wait meanwhile. */
  async function takeAndRun<Answer extends Payload>(
    use: KeyUse,
    mutation: KeyedMutation<Answer>,
    noteOutcome: (outcome: Outcome) => void,
  ): Promise<Answer> {
    const { context, refuse } = mutation;
    const taken = await inTime(store.take(use, context.call.signal)).catch((error: unknown) => {
      measurements.keyUsed('unavailable');
      throw error;
    });
    measurements.keyUsed(taken.kind === 'kept' || taken.kind === 'doubt' ? 'repeat' : taken.kind);
    switch (taken.kind) {
      case 'reused':
        return refuse([keyReused]);
      case 'full':
        throw storeFull(taken.retryAfterMs);
      case 'kept': {
        const outcome = readOutcome(taken.text);
        noteOutcome(outcome);
        return replay(outcome, mutation);
      }
      case 'doubt': {
        const outcome = await lookAgain(readOutcome(taken.text), mutation);
        await settle(taken.hold, outcome);
        noteOutcome(outcome);
        return replay(outcome, mutation);
      }
      case 'first':
        return runFirst(taken.hold, mutation, noteOutcome);
    }
  }

  return {
    async run(mutation) {
      const { context, key, input, info, refuse } = mutation;
      const caller = await provenCaller(context);
      const use: KeyUse = {
        id: digestOf(JSON.stringify([graphRoot, caller, key])),
        caller,
        input: inputDigestOf(info.fieldName, input),
      };
      // No wait between the last look and `running.set`: of several that waited only one may go on.
      for (let other = running.get(use.id); other !== undefined; other = running.get(use.id)) {
        if (other.input !== use.input) {
          measurements.keyUsed('reused');
          return refuse([keyReused]);
        }
        const outcome = await inTime(untilEnded(context.call.signal, other.ended));
        if (outcome !== undefined) {
          measurements.keyUsed('repeat');
          return replay(outcome, mutation);
        }
      }
      let end = (_outcome: Outcome | undefined): void => undefined;
      let left: Outcome | undefined;
      const ended = new Promise<Outcome | undefined>((resolve) => {
        end = resolve;
      });
      running.set(use.id, { input: use.input, ended });
      try {
        return await takeAndRun(use, mutation, (outcome) => {
          left = outcome;
        });
      } finally {
        running.delete(use.id);
        end(left);
      }
    },
  };
}

async function runFirst<Answer extends Payload>(
  hold: KeyHold,
  mutation: KeyedMutation<Answer>,
  noteOutcome: (outcome: Outcome) => void,
): Promise<Answer> {
  const { context, run } = mutation;
  const noticesBefore = context.notices.length;
  let write: WriteState = 'none';
  const graph = watchWrites(context.graph, hold, (state) => {
    write = state;
  });
  const ending: Ending<Answer> = await run({ ...context, graph }).then(
    (payload) => ({ payload }),
    (error: unknown) => ({ error }),
  );
  const decision = decideOutcome(ending, write);
  if (decision === 'free') {
    await hold.settle(undefined);
  } else {
    const outcome =
      'payload' in ending
        ? answeredOutcome(ending.payload, context.notices.slice(noticesBefore))
        : doubtOf(ending.error);
    await settle(hold, outcome);
    noteOutcome(outcome);
  }
  if ('error' in ending) {
    throw ending.error;
  }
  return ending.payload;
}

/** Has each write noted before it is sent. */
function watchWrites(
  graph: GraphClient,
  hold: KeyHold,
  note: (state: WriteState) => void,
): GraphClient {
  const watched =
    <Arguments extends unknown[], Result>(write: (...given: Arguments) => Promise<Result>) =>
    async (...given: Arguments): Promise<Result> => {
      await hold.confirm();
      note('begun');
      const result = await write(...given);
      note('done');
      return result;
    };
  return {
    ...graph,
    add: watched(graph.add),
    update: watched(graph.update),
    replaceAssignments: watched(graph.replaceAssignments),
    delete: watched(graph.delete),
  };
}

/** Looks once more for the effect of an attempt in doubt. Nothing is sent that could write. */
async function lookAgain(outcome: Outcome, { look }: KeyedMutation<Payload>): Promise<Outcome> {
  const found = outcome.kind === 'doubt' ? await look?.() : undefined;
  if (outcome.kind !== 'doubt' || found === undefined) {
    return outcome;
  }
  const graph = (outcome.extensions as { readonly graph?: Readonly<Record<string, unknown>> })
    .graph;
  return {
    kind: 'answered',
    rest: { userErrors: [] },
    partner: found,
    notices: [{ code: 'FOUND_AFTER_UNCLEAR_ANSWER', message: foundLater, ...(graph && { graph }) }],
  };
}

const foundLater =
  'The first request with this idempotencyKey had an unknown outcome. The gateway then looked again and found exactly ' +
  'one partner with everything that was sent, which it had not seen before: this one. It was found, not answered, and ' +
  'nothing was sent again.';

async function settle(hold: KeyHold, outcome: Outcome): Promise<void> {
  await hold.settle({ ...writeOutcome(outcome), isFinal: outcome.kind === 'answered' });
}

/** Answers with an outcome as it was, at this request's own path. */
async function replay<Answer extends Payload>(
  outcome: Outcome,
  { context, info }: KeyedMutation<Answer>,
): Promise<Answer> {
  if (outcome.kind === 'doubt') {
    throw new GatewayError('OUTCOME_UNKNOWN', outcome.message, { ...outcome.extensions });
  }
  const { partner, rest, notices } = outcome;
  const row = typeof partner === 'string' ? await readRow(partner, context) : partner;
  const path = responsePathAsArray(info.path);
  context.notices.push(...notices.map((notice) => ({ ...notice, path })));
  const complianceManagementPartner = row === undefined ? null : partnerFromWire(row);
  // The mutation is part of what the key was used for, so the payload is one of this mutation.
  return { ...rest, complianceManagementPartner } as unknown as Answer;
}

/** A row that was too large to be kept is read as it is now. */
async function readRow(
  id: string,
  { graph, call }: RequestContext,
): Promise<PartnerResource | undefined> {
  try {
    return await graph.get(id, call);
  } catch (error) {
    throw toGatewayError(error);
  }
}

/** Turns the end of a wait into an error that does not say that nothing was written: another request may have. */
async function inTime<Result>(waiting: Promise<Result>): Promise<Result> {
  try {
    return await waiting;
  } catch (error) {
    if (!isGraphError(error)) {
      throw error;
    }
    throw new GatewayError('OUTCOME_UNKNOWN', stillRunning, { mayHaveBeenApplied: true }, error);
  }
}

const stillRunning =
  'The first request with this idempotencyKey did not end in the time of this one. ' +
  'The change may have been made. Retry with the same key.';

const keyReused: UserError = {
  code: 'IDEMPOTENCY_KEY_REUSED',
  message:
    'This idempotencyKey was used with another input or mutation in the last 24 hours. Send a new key, or the first input.',
  field: ['input', 'idempotencyKey'],
};

function storeFull(retryAfterMs: number): GatewayError {
  return new GatewayError(
    'OVERLOADED',
    'The gateway cannot store more outcomes of idempotency keys, so nothing was sent. Retry later.',
    { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) },
  );
}
