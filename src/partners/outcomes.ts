import type { PartnerResource } from '../graph/types.ts';
import { isJsonObject, parseJson } from '../shared/json.ts';
import { digestOf } from '../shared/secret.ts';
import type { Notice } from './context.ts';
import { GatewayError } from './errors.ts';
import type { Payload } from './model.ts';
import type { KeptText } from './outcomeStore.ts';
import { readPartner } from './readPartner.ts';

/**
 * Gives the same text for the same mutation with the same input, after coercion and without the key. Absent is not null,
 * and the order of a list counts; the order of fields does not.
 */
export function inputDigestOf(mutation: string, input: object): string {
  const { idempotencyKey: _key, ...rest } = input as { readonly idempotencyKey?: unknown };
  return digestOf(JSON.stringify([mutation, rest], sortMembers));
}

function sortMembers(_name: string, value: unknown): unknown {
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value;
}

/** How far a mutation got with its write. */
export type WriteState = 'none' | 'begun' | 'done';

/** How a mutation ended. */
export type Ending = { readonly payload: Payload } | { readonly error: unknown };

/**
 * Whether a key is free again: only if nothing was written for sure and another attempt may do better. Graph's rejection of
 * the write itself would be the same again.
 */
export function isKeyFree(ending: Ending, write: WriteState): boolean {
  if ('payload' in ending) {
    return ending.payload.userErrors.length > 0 && write === 'none';
  }
  return ending.error instanceof GatewayError
    ? write !== 'done' && ending.error.extensions['mayHaveBeenApplied'] !== true
    : write === 'none';
}

/** An outcome that is kept for repeats. */
export type Outcome =
  | {
      readonly kind: 'answered';
      /** The payload without its partner. */
      readonly rest: Omit<Payload, 'complianceManagementPartner'>;
      /** The row as Graph wrote it, or the id of one that is too large to keep; undefined for null. */
      readonly partner: PartnerResource | string | undefined;
      readonly notices: readonly Omit<Notice, 'path'>[];
    }
  | { readonly kind: 'doubt'; readonly message: string; readonly extensions: object };

const doubtMessage =
  'The first request with this idempotencyKey ended without a known outcome. ' +
  'The change may have been made. Read the partner before you send it under another key.';

/** Of an attempt of which nothing is known but that it may have written. */
export const unknownOutcome: Outcome = {
  kind: 'doubt',
  message: doubtMessage,
  extensions: { mayHaveBeenApplied: true },
};

/** Gives the outcome of a mutation that ended with an answer, or failed and may have written. */
export function outcomeOf(ending: Ending, notices: readonly Notice[]): Outcome {
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
export function writeOutcome(outcome: Outcome): KeptText {
  const text = JSON.stringify(outcome);
  const isFinal = outcome.kind === 'answered';
  const isLong = isFinal && typeof outcome.partner === 'object';
  const short = isLong ? JSON.stringify({ ...outcome, partner: outcome.partner.id }) : text;
  return { text, short, isFinal };
}

/** Reads what a replica wrote, which can be of another version; a form that is not known leaves the outcome unknown. */
export function readOutcome(text: string | undefined): Outcome {
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
