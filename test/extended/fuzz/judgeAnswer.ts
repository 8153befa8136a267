/** An answer as it came over the socket. */
interface SeenAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

const innards =
  /node_modules|\bat \w[\w.<>]* \(|\.ts:\d+|\.js:\d+|TypeError|RangeError|ReferenceError/;
const isAgainstGateway =
  /^(INTERNAL_SERVER_ERROR|OVERLOADED|THROTTLED|OUTCOME_UNKNOWN|UPSTREAM_.*)$/;

/**
 * Says what keeps an answer from being one of GraphQL over HTTP that a caller can rely on; undefined if nothing does.
 * With upstream codes an answer may say that the fault is not the caller's.
 */
export function findAnswerProblem(
  { status, contentType = '', text }: SeenAnswer,
  upstreamCodes: ReadonlySet<string> = new Set(),
): string | undefined {
  const { data, errors, extensions: _, ...strays } = parse(text);
  const all = Array.isArray(errors) ? errors : [];
  const codes = all.map((error) => String(error?.extensions?.code));
  const isOfUpstream = (code: string): boolean => upstreamCodes.has(code);
  const isClear = ({ message }: { message: unknown }): boolean =>
    typeof message === 'string' && message !== '' && !innards.test(message);
  const rules = {
    type: /^application\/(graphql-response\+)?json(;|$)/.test(contentType),
    members: Object.keys(strays).length === 0,
    data: errors !== undefined || (status === 200 && typeof data === 'object' && data !== null),
    errors:
      errors === undefined || (all.length > 0 && all.every((error) => Object(error) === error)),
    messages: all.every(isClear),
    codes: codes.every((code) => /^[A-Z][A-Z0-9_]+$/.test(code)),
    status: status < 500 || codes.some(isOfUpstream),
    blame: codes.every((code) => isOfUpstream(code) || !isAgainstGateway.test(code)),
  };
  const broken = Object.entries(rules).flatMap(([name, holds]) => (holds ? [] : [name]));
  return broken.length === 0 ? undefined : `a ${status} ${contentType} has wrong ${broken}`;
}

function parse(text: string) {
  try {
    const body = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : { notAnObject: body };
  } catch {
    return { notJson: text };
  }
}
