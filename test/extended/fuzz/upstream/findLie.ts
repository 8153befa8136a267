import type { AskedOperation } from './askedOperation.ts';
import type { AskedOf, UpstreamAnswer } from './randomAnswer.ts';

/** A request that reached the upstream, with what it was answered. */
export interface Exchange extends AskedOf {
  readonly answer: UpstreamAnswer;
  /** Whether only the first half of it was sent. */
  readonly isCut?: boolean;
}

interface Result {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  }[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Whether an answer says that the write was surely not executed: written down again, without the gateway's help. */
export function isSureRefusal({
  answer: { status, headers },
  isCut = false,
}: Pick<Exchange, 'answer' | 'isCut'>): boolean {
  const retryAfter = headers.find(([name]) => name === 'retry-after')?.[1] ?? '';
  const saysWhen =
    /^\d{1,9}(\.\d+)?$/.test(retryAfter) || /^\w{3}, \d{2} \w{3} \d{4}/.test(retryAfter);
  if (isCut) {
    return false;
  }
  return (
    (status >= 400 && status < 500 && status !== 408) ||
    (status >= 300 && status < 400 && status !== 303) ||
    status === 501 ||
    (status === 503 && saysWhen)
  );
}

const mayRepeat = ({ answer: { status } }: Exchange): boolean => status === 429 || status === 503;

/** Says what in an answer is not true of what happened upstream; undefined where nothing is. */
export function findLie(
  { kind }: AskedOperation,
  result: Result,
  exchanges: readonly Exchange[],
): string | undefined {
  const codes = (result.errors ?? []).map(({ extensions }) => extensions?.['code']);
  const payload = payloadOf(result);
  const isSuccess = codes.length === 0 && (payload?.userErrors ?? []).length === 0;
  if (kind === 'get' && isSuccess && result.data?.['complianceManagementPartner'] === null) {
    const { status = 0 } = exchanges.at(-1)?.answer ?? {};
    return [200, 400, 404, 410, 422].includes(status)
      ? undefined
      : `a ${status} reads as no partner`;
  }
  const method = { add: 'POST', update: 'PATCH', assign: 'PATCH', unassign: 'PATCH' }[String(kind)];
  const writes = exchanges.filter((one) => one.method === method && !one.isBatch);
  const last = writes.at(-1);
  if (method === undefined || last === undefined) {
    return undefined;
  }
  if (writes.slice(0, -1).some((one) => !isSureRefusal(one) || !mayRepeat(one))) {
    return 'a write that may have been executed was sent again';
  }
  if (codes.includes('OUTCOME_UNKNOWN')) {
    return undefined;
  }
  if (!isSuccess) {
    // A change that was made at the same time by somebody else is told as a conflict, with the partner as it is.
    const isTold = payload?.complianceManagementPartner != null;
    return isSureRefusal(last) || isTold
      ? undefined
      : `a ${last.answer.status} is told as if nothing was written`;
  }
  const wasFound = JSON.stringify(result.extensions ?? {}).includes('FOUND_AFTER_UNCLEAR_ANSWER');
  if (isSureRefusal(last) || (last.answer.status >= 300 && !wasFound)) {
    return `a ${last.answer.status} is told as a success`;
  }
  return payload?.complianceManagementPartner == null ? 'a success has no partner' : undefined;
}

interface Payload {
  readonly complianceManagementPartner?: unknown;
  readonly userErrors?: readonly unknown[];
}

function payloadOf({ data }: Result): Payload | undefined {
  const [payload] = Object.values(data ?? {});
  return typeof payload === 'object' && payload !== null ? payload : undefined;
}
