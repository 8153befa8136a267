import { requireToken } from '../partners/caller.ts';
import type { RequestContext } from '../partners/context.ts';
import { GatewayError } from '../partners/errors.ts';
import type { DocumentLimits } from './documentLimits.ts';
import type { OperationRecord } from './documentStore.ts';
import { fieldsOfVariables, type SentOperation } from './inputFields.ts';
import { serviceField } from './subgraph.ts';

/** An operation that is about to be executed. */
interface StartingOperation extends SentOperation {
  /** Undefined if the request names none. */
  readonly record: OperationRecord | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: RequestContext;
}

/**
 * Rejects an operation without a usable token: after its document is validated, so that a bad document gets its own
 * error, and before its variables are coerced, because that work grows with what the caller sends. Then rejects a
 * variable with a number that was not read as it was sent, because an id would be another one.
 */
export async function checkOperation(
  { record, variables, context, ...sent }: StartingOperation,
  limits: Pick<DocumentLimits, 'checkOperation'>,
): Promise<void> {
  if (record === undefined || !needsNoToken(record)) {
    await requireToken(context);
  }
  if (record !== undefined) {
    limits.checkOperation(record, variables);
    checkNumbers(sent, context);
  }
}

/** A number that no argument uses does not matter. */
function checkNumbers(sent: SentOperation, { inexactVariables }: RequestContext): void {
  if (inexactVariables.length === 0) {
    return;
  }
  const fieldOf = fieldsOfVariables(sent);
  for (const { path, text } of inexactVariables) {
    const field = fieldOf(path);
    if (field !== undefined) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `Variable "$${path[0]}" has the number ${text.slice(0, 64)} at "${path.join('.')}", ` +
          'which cannot be read exactly. Send it as a string.',
        { field },
      );
    }
  }
}

const publicFields: ReadonlySet<string> = new Set([
  '__typename',
  '__schema',
  '__type',
  serviceField,
]);

/**
 * Whether an operation asks for nothing but `__typename`, introspection and a router's `_service`. `@skip` and `@include` are ignored: a field
 * that is skipped counts as asked for, because variables decide about it.
 */
function needsNoToken({ rootFields }: OperationRecord): boolean {
  return rootFields.every(({ name }) => publicFields.has(name.value));
}
