import { responsePathAsArray } from 'graphql';
import type { UserError } from '../generated/graphql.ts';
import { isGraphError } from '../graph/errors.ts';
import type { PartnerResource } from '../graph/types.ts';
import { isJsonObject, parseJson } from '../shared/json.ts';
import { digestOf } from '../shared/secret.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import type { KeyedMutation, Notice, RequestContext } from './context.ts';
import { GatewayError, toGatewayError } from './errors.ts';
import { payloadOf } from './inputRules.ts';
import type { Payload } from './model.ts';
import type { KeptText, KeyUse, OutcomeStore, Taken } from './outcomeStore.ts';
import { partnerFromWire, readPartner } from './partnerMapping.ts';

interface IdempotencyParts {
  readonly store: OutcomeStore;
  /** Names the Graph whose partners are changed. */
  readonly graphRoot: string;
  readonly measurements: Pick<Measurements, 'keyUsed'>;
  /** Who calls; undefined as long as only the token says so. */
  readonly callerOf: (call: RequestContext['call']) => string | undefined;
}

export function createIdempotency({
  store,
  graphRoot,
  callerOf,
  measurements,
}: IdempotencyParts): RequestContext['idempotency'] {
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

  async function take(use: KeyUse, { call }: RequestContext): Promise<Taken> {
    try {
      const taken = await store.take(use, call.signal);
      measurements.keyUsed(taken.kind === 'kept' || taken.kind === 'doubt' ? 'repeat' : taken.kind);
      return taken;
    } catch (error) {
      if (isGraphError(error)) {
        // Its time is up. It cannot be said that nothing was written: another request may have.
        const extensions = { mayHaveBeenApplied: true };
        throw new GatewayError('OUTCOME_UNKNOWN', stillRunning, extensions, error);
      }
      measurements.keyUsed('unavailable');
      throw error;
    }
  }

  return {
    async run(mutation) {
      const { context, key, input, info } = mutation;
      const caller = await provenCaller(context);
      const id = digestOf(JSON.stringify([graphRoot, caller, key]));
      const use: KeyUse = { id, caller, input: inputDigestOf(info.fieldName, input) };
      const taken = await take(use, context);
      switch (taken.kind) {
        case 'reused':
          return payloadOf([keyReused]);
        case 'full':
          throw new GatewayError('OVERLOADED', storeFull, {
            retryAfterSeconds: Math.ceil(taken.retryAfterMs / 1000),
          });
        case 'kept':
          return replay(readOutcome(taken.text), mutation);
        case 'doubt':
          return replay(await lookAgain(taken, mutation), mutation);
        case 'first':
          return runFirst(taken, mutation);
      }
    },
  };
}

async function runFirst(
  { hold }: Extract<Taken, { readonly kind: 'first' }>,
  { context, run }: KeyedMutation,
): Promise<Payload> {
  const noticesBefore = context.notices.length;
  let write: WriteState = 'none';
  const graph = watchWrites(context.graph, hold.confirm, (state) => {
    write = state;
  });
  const ending: Ending = await run({ ...context, graph }).then(
    (payload) => ({ payload }),
    (error: unknown) => ({ error }),
  );
  const outcome = outcomeOf(ending, context.notices.slice(noticesBefore));
  await hold.settle(isKeyFree(ending, write) ? undefined : writeOutcome(outcome));
  if ('error' in ending) {
    throw ending.error;
  }
  return ending.payload;
}

/** Has each write noted before it is sent. */
function watchWrites(
  graph: RequestContext['graph'],
  confirm: () => Promise<void>,
  note: (state: WriteState) => void,
): RequestContext['graph'] {
  const watched =
    <Arguments extends unknown[], Result>(write: (...given: Arguments) => Promise<Result>) =>
    async (...given: Arguments): Promise<Result> => {
      await confirm();
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
async function lookAgain(
  { text, hold }: Extract<Taken, { readonly kind: 'doubt' }>,
  { look }: KeyedMutation,
): Promise<Outcome> {
  let outcome = readOutcome(text);
  try {
    const found = outcome.kind === 'doubt' ? await look?.() : undefined;
    if (outcome.kind === 'doubt' && found !== undefined) {
      const { graph } = outcome.extensions as Pick<Notice, 'graph'>;
      const notice = { code: 'FOUND_AFTER_UNCLEAR_ANSWER', message: foundLater, path: [] } as const;
      const ending = { payload: payloadOf([], found) };
      outcome = outcomeOf(ending, [{ ...notice, ...(graph && { graph }) }]);
    }
  } finally {
    await hold.settle(writeOutcome(outcome));
  }
  return outcome;
}

const foundLater =
  'The first request with this idempotencyKey had an unknown outcome. The gateway then looked again and found exactly ' +
  'one partner with everything that was sent, which it had not seen before: this one. It was found, not answered, and ' +
  'nothing was sent again.';

/** Answers with an outcome as it was, at this request's own path. */
async function replay(outcome: Outcome, { context, info }: KeyedMutation): Promise<Payload> {
  if (outcome.kind === 'doubt') {
    throw new GatewayError('OUTCOME_UNKNOWN', outcome.message, { ...outcome.extensions });
  }
  const { partner, rest, notices } = outcome;
  const row = typeof partner === 'string' ? await readRow(partner, context) : partner;
  const path = responsePathAsArray(info.path);
  context.notices.push(...notices.map((notice) => ({ ...notice, path })));
  // The mutation is part of what the key was used for, so the payload is one of this mutation.
  return { ...rest, complianceManagementPartner: row === undefined ? null : partnerFromWire(row) };
}

/** A row that was too large to be kept is read as it is now. */
async function readRow(id: string, { graph, call }: RequestContext): Promise<unknown> {
  try {
    return (await graph.get(id, call))?.wire;
  } catch (error) {
    throw toGatewayError(error);
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

const storeFull =
  'The gateway cannot store more outcomes of idempotency keys, so nothing was sent. Retry later.';

/**
 * Gives the same text for the same mutation with the same input, after coercion and without the key. Absent is not null,
 * and the order of a list counts; the order of fields does not.
 */
function inputDigestOf(mutation: string, input: object): string {
  const { idempotencyKey: _key, ...rest } = input as { readonly idempotencyKey?: unknown };
  return digestOf(JSON.stringify([mutation, rest], sortMembers));
}

function sortMembers(_name: string, value: unknown): unknown {
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value;
}

type WriteState = 'none' | 'begun' | 'done';

type Ending = { readonly payload: Payload } | { readonly error: unknown };

/**
 * Whether a key is free again: only if nothing was written for sure and another attempt may do better. Graph's rejection of
 * the write itself would be the same again.
 */
function isKeyFree(ending: Ending, write: WriteState): boolean {
  if ('payload' in ending) {
    return ending.payload.userErrors.length > 0 && write === 'none';
  }
  return ending.error instanceof GatewayError
    ? write !== 'done' && ending.error.extensions['mayHaveBeenApplied'] !== true
    : write === 'none';
}

/** An outcome that is kept for repeats. */
type Outcome =
  | {
      readonly kind: 'answered';
      /** The payload without its partner. */
      readonly rest: Omit<Payload, 'complianceManagementPartner'>;
      /** The row as Graph wrote it, or the id of one that is too large to keep; undefined for null. */
      readonly partner: PartnerResource | string | undefined;
      readonly notices: readonly Omit<Notice, 'path'>[];
    }
  | { readonly kind: 'doubt'; readonly message: string; readonly extensions: object };

/** Of an attempt of which nothing is known but that it may have written. */
const unknownOutcome: Outcome = {
  kind: 'doubt',
  message:
    'The first request with this idempotencyKey ended without a known outcome. ' +
    'The change may have been made. Read the partner before you send it under another key.',
  extensions: { mayHaveBeenApplied: true },
};

/** Gives the outcome of a mutation that ended with an answer, or failed and may have written. */
function outcomeOf(ending: Ending, notices: readonly Notice[]): Outcome {
  if ('payload' in ending) {
    const { complianceManagementPartner, ...rest } = ending.payload;
    return {
      kind: 'answered',
      rest,
      partner: complianceManagementPartner?.wire,
      notices: notices.map(({ path: _path, ...notice }) => notice),
    };
  }
  const { error } = ending;
  if (!(error instanceof GatewayError) || error.extensions['mayHaveBeenApplied'] !== true) {
    return unknownOutcome;
  }
  const { code: _code, ...extensions } = error.extensions;
  return { kind: 'doubt', message: error.message, extensions };
}

/** Gives the JSON of an outcome, and a short one for a store that has no room for the row. */
function writeOutcome(outcome: Outcome): KeptText {
  const text = JSON.stringify(outcome);
  const isFinal = outcome.kind === 'answered';
  const isLong = isFinal && typeof outcome.partner === 'object';
  const short = isLong ? JSON.stringify({ ...outcome, partner: outcome.partner.id }) : text;
  return { text, short, isFinal };
}

/** Reads what a replica wrote, which can be of another version; a form that is not known leaves the outcome unknown. */
function readOutcome(text: string | undefined): Outcome {
  const value = text === undefined ? undefined : parseJson(text);
  if (!isJsonObject(value)) {
    return unknownOutcome;
  }
  const { kind, message, extensions, rest, partner, notices } = value;
  if (kind === 'doubt' && typeof message === 'string' && isJsonObject(extensions)) {
    return { kind, message, extensions };
  }
  const isPartner =
    partner === undefined ||
    typeof partner === 'string' ||
    typeof readPartner(partner) === 'object';
  const isKnown =
    kind === 'answered' &&
    isJsonObject(rest) &&
    Array.isArray(rest['userErrors']) &&
    Array.isArray(notices) &&
    isPartner;
  return isKnown ? (value as unknown as Outcome) : unknownOutcome;
}
