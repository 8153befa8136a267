import { STATUS_CODES } from 'node:http';

/** An answer before it is put on the wire. */
export interface HttpAnswer {
  readonly status: number;
  /** In the order of the wire; a name may occur more than once. What frames the body is not among them. */
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
}

export type HeaderLine = readonly [name: string, value: string];

/** As Graph has it. */
export const jsonType = {
  'content-type': 'application/json;odata.metadata=minimal;charset=utf-8',
};

/** How a body ends: by its length, by chunks, by the end of the connection; 'none' has no body. */
export type Framing = { readonly length: number } | 'chunked' | 'untilClose' | 'none';

/** Makes an answer; an object as the body becomes JSON. */
export function httpAnswer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Buffer | string | object = '',
): HttpAnswer {
  const isBytes = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.from(isBytes ? body : JSON.stringify(body));
  return { status, headers: Object.entries(headers), body: bytes };
}

/** The same answer with another body; the header lines of the body's form stay. */
export function withBody(answer: HttpAnswer, body: Buffer | string): HttpAnswer {
  return { ...answer, body: Buffer.from(body) };
}

/** The same answer with the proxy's scheme in the links to itself, as a load balancer before a plain server has it. */
export function withSecureLinks(answer: HttpAnswer, { host, origin }: URL): HttpAnswer {
  const text = answer.body.toString('utf8');
  const isTold = text.includes(`http://${host}/`);
  return isTold ? withBody(answer, text.replaceAll(`http://${host}/`, `${origin}/`)) : answer;
}

/** Statuses behind which no body can follow. */
export function isBodiless({ status }: HttpAnswer): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** The whole answer as bytes, with a true length. */
export function toBytes(answer: HttpAnswer): Buffer {
  const framing = isBodiless(answer) ? 'none' : { length: answer.body.length };
  const head = Buffer.from(headOf(answer, framing));
  return isBodiless(answer) ? head : Buffer.concat([head, answer.body]);
}

/** The head alone, the empty line included, announcing the given framing. */
export function headOf({ status, headers }: HttpAnswer, framing: Framing): string {
  const lines = [...headers, ...framingLines(framing)].map(([name, value]) => `${name}: ${value}`);
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  return `${[statusLine, ...lines].join('\r\n')}\r\n\r\n`;
}

function framingLines(framing: Framing): readonly HeaderLine[] {
  switch (framing) {
    case 'none':
      return [];
    case 'chunked':
      return [['transfer-encoding', 'chunked']];
    case 'untilClose':
      return [['connection', 'close']];
    default:
      return [['content-length', String(framing.length)]];
  }
}
