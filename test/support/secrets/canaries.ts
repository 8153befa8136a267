/** Texts that stand for secrets, by what they stand for. */
export type Canaries = Readonly<Record<string, string>>;

/** A text that nothing else has, for what it stands for. */
export const canary = (what: string): string => `canary-${what}-5f3a9c`;

/** A token as Entra makes them, with canaries in its claims and for its signature. */
export function canaryToken(who: string): string {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  const claims = { aud: 'https://graph.microsoft.com', canary: canary(`claim-of-${who}`) };
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${canary(`signature-of-${who}`)}`;
}

/** What tells a token from all others: its signature, and its claims. */
export function canariesOfToken(who: string, token: string): Canaries {
  const [, claims = token, signature = token] = token.split('.');
  return { [`token of ${who}`]: signature, [`claims of ${who}`]: claims };
}

/** What was found of a canary, and where. */
export interface Finding {
  readonly canary: string;
  readonly sink: string;
  /** What stands around it. */
  readonly around: string;
}

/**
 * Finds canaries in what came out, as they are or as base64 (of either alphabet, at any offset), hexadecimal digits or
 * percent-encoded bytes would have them.
 */
export function findCanaries(
  canaries: Canaries,
  sinks: Readonly<Record<string, string>>,
): readonly Finding[] {
  return Object.entries(canaries).flatMap(([canary, text]) =>
    Object.entries(sinks).flatMap(([sink, output]) => {
      const place = formsOf(text)
        .map((form) => output.indexOf(form))
        .find((index) => index !== -1);
      return place === undefined
        ? []
        : [{ canary, sink, around: output.slice(Math.max(0, place - 80), place + 160) }];
    }),
  );
}

function formsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return [
    text,
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    percent,
    percent.toUpperCase(),
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    ...[0, 1, 2].flatMap((offset) => base64Cores(bytes, offset)),
  ];
}

/** The part of the encoded text that does not hang on what stands before and behind. */
function base64Cores(bytes: Buffer, offset: number): readonly string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
  const start = Math.ceil((offset * 8) / 6);
  const end = Math.floor((padded.length * 8) / 6);
  return (['base64', 'base64url'] as const).map((form) => padded.toString(form).slice(start, end));
}
