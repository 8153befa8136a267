import { NamedFileError } from '../shared/namedFile.ts';
import { Secret } from '../shared/secret.ts';
import { type Finding, problem } from './finding.ts';
import { reasonOf } from './probes/probeParts.ts';

/** Where a token may stand. */
export interface TokenPlaces {
  /** A file, or `-` for standard input; it goes before the variable. */
  readonly tokenFile: string | undefined;
  /** The variable GRAPH_TOKEN. */
  readonly variable: string | undefined;
  readonly readFile: (path: string) => Promise<string>;
  readonly readStdin: () => Promise<string>;
}

/** The token at hand, if one was given and could be read. */
export interface GivenToken {
  readonly token: Secret | undefined;
  readonly findings: readonly Finding[];
}

/** Reads a token from where it was put; a header's `Bearer` before it does not matter. */
export async function readToken({
  tokenFile,
  variable,
  readFile,
  readStdin,
}: TokenPlaces): Promise<GivenToken> {
  if (tokenFile === undefined) {
    return tokenIn(variable ?? '', []);
  }
  const [place, read] =
    tokenFile === '-'
      ? ['Standard input', readStdin]
      : ['The file of --token-file', () => readFile(tokenFile)];
  const wrong = (what: string): Finding =>
    problem('token', `${place} ${what}.`, 'Write the token alone into it.');
  try {
    return tokenIn(await read(), [wrong('holds no token')]);
  } catch (error) {
    const reason = error instanceof NamedFileError ? error.reason : reasonOf(error);
    return { token: undefined, findings: [wrong(`cannot be read (${reason})`)] };
  }
}

function tokenIn(text: string, otherwise: readonly Finding[]): GivenToken {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  return /^\S+$/.test(token)
    ? { token: new Secret(token), findings: [] }
    : { token: undefined, findings: otherwise };
}
