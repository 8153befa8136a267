import { parseArgs } from 'node:util';

/** What the command line asks for. */
export type DoctorWish =
  | {
      readonly kind: 'examine';
      readonly isJson: boolean;
      /** Where a token is to be read: a file, or `-` for standard input. */
      readonly tokenFile: string | undefined;
      /** A running gateway. */
      readonly url: URL | undefined;
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'misuse'; readonly problem: string };

const options = {
  json: { type: 'boolean' },
  help: { type: 'boolean' },
  'token-file': { type: 'string' },
  url: { type: 'string' },
} as const;

const isOption = (name: string): name is keyof typeof options => Object.hasOwn(options, name);

/** Reads the arguments. What cannot be understood is never repeated: it could be a token. */
export function readDoctorOptions(args: readonly string[]): DoctorWish {
  // The parser's own complaints quote what they complain about.
  const { values, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    const problem = token.kind === 'option' ? findOptionProblem(token) : onlyOptions;
    if (problem !== undefined) {
      return { kind: 'misuse', problem };
    }
  }
  if (values.help === true) {
    return { kind: 'help' };
  }
  const { url: urlText, 'token-file': tokenFile } = values;
  const url = typeof urlText === 'string' ? readUrl(urlText) : undefined;
  if (urlText !== undefined && url === undefined) {
    const problem = '--url takes the http or https address of a gateway, without a password in it.';
    return { kind: 'misuse', problem };
  }
  return {
    kind: 'examine',
    isJson: values.json === true,
    tokenFile: typeof tokenFile === 'string' ? tokenFile : undefined,
    url,
  };
}

const onlyOptions = 'Only options are understood, each with two dashes.';

interface OptionToken {
  readonly name: string;
  readonly value: string | undefined;
}

function findOptionProblem({ name, value }: OptionToken): string | undefined {
  if (name === 'token') {
    return (
      'A token is never an argument, because everybody on this machine could read it: ' +
      'use --token-file, standard input (--token-file -) or the variable GRAPH_TOKEN.'
    );
  }
  if (!isOption(name)) {
    return /^[a-z][a-z-]{0,20}$/.test(name) ? `There is no option --${name}.` : onlyOptions;
  }
  if (options[name].type === 'boolean') {
    return value === undefined ? undefined : `--${name} takes no value.`;
  }
  const isValue = value !== undefined && (value === '-' || /^[^-]/.test(value));
  return isValue ? undefined : `--${name} needs a value.`;
}

function readUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  return isHttp && url.username === '' && url.password === '' ? url : undefined;
}
