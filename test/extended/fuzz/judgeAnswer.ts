/** An answer as it came over the socket. */
interface SeenAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

interface ReadError {
  readonly message: unknown;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

const members: ReadonlySet<string> = new Set(['data', 'errors', 'extensions']);
const innards =
  /node_modules|\bat \w[\w.<>]* \(|\.ts:\d+|\.js:\d+|TypeError|RangeError|ReferenceError/;

/**
 * Says what keeps an answer from being one of GraphQL over HTTP that a caller can rely on; undefined if nothing does.
 * With upstream codes an answer may say that the fault is not the caller's.
 */
export function findAnswerProblem(
  answer: SeenAnswer,
  upstreamCodes: ReadonlySet<string> = new Set(),
): string | undefined {
  const { status, contentType = '', text } = answer;
  if (!/^application\/(graphql-response\+)?json(;|$)/.test(contentType)) {
    return `its content type is ${JSON.stringify(contentType)}`;
  }
  const body = parse(text);
  if (!isObject(body)) {
    return 'it is not JSON object';
  }
  const stray = Object.keys(body).find((name) => !members.has(name));
  if (stray !== undefined) {
    return `it has a member ${JSON.stringify(stray)}`;
  }
  const errors = body['errors'];
  if (errors === undefined) {
    return status === 200 && isObject(body['data'])
      ? undefined
      : `it is a ${status} without errors`;
  }
  if (!Array.isArray(errors) || errors.length === 0) {
    return 'its errors are no list of errors';
  }
  const codes: unknown[] = [];
  for (const error of errors as readonly unknown[]) {
    const problem = isObject(error)
      ? problemOfError(error as unknown as ReadError)
      : 'an error is no object';
    if (problem !== undefined) {
      return problem;
    }
    codes.push((error as ReadError).extensions?.['code']);
  }
  if (status >= 500 && !codes.some((code) => upstreamCodes.has(String(code)))) {
    return `it is a ${status} for ${codes.join()}`;
  }
  const masked = codes.find(
    (code) => isAgainstGateway(String(code)) && !upstreamCodes.has(String(code)),
  );
  return masked === undefined ? undefined : `it has the code ${String(masked)}`;
}

function problemOfError({ message, extensions }: ReadError): string | undefined {
  if (typeof message !== 'string' || message === '') {
    return 'an error has no message';
  }
  if (innards.test(message)) {
    return `an error shows the inside of the gateway: ${message}`;
  }
  const code = extensions?.['code'];
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code)
    ? undefined
    : `an error has the code ${String(code)}`;
}

const isAgainstGateway = (code: string): boolean =>
  /^(INTERNAL_SERVER_ERROR|OVERLOADED|THROTTLED|OUTCOME_UNKNOWN|UPSTREAM_.*)$/.test(code);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
