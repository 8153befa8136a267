// Plain JavaScript, because in a fresh checkout it runs before anything is built.

const commandNames = ['start', 'doctor', 'drift'];

const packageName = 'compliance-partner-gateway';

const usage = `Usage: ${packageName} [${commandNames.join(' | ')}]

  start      starts the gateway; the default. Variables of the environment configure it
  doctor     examines configuration, network, identity and tokens (doctor --help)
  drift      compares Graph's $metadata with what the gateway knows (drift --help)
  --help     this text
  --version  the version
`;

/**
 * Decides what a command line asks for: a command to run, or a text and an exit code. An argument is never quoted,
 * because it could be a token.
 */
export function readCommandLine(args, version) {
  const [first = 'start', ...rest] = args;
  const command = first.startsWith('-') ? 'start' : first;
  const options = first.startsWith('-') ? args : rest;
  if (!commandNames.includes(command)) {
    const nearest = nearestCommand(command);
    const hint = nearest === undefined ? '' : `Unknown command. Did you mean ${nearest}?\n`;
    return { exitCode: 64, text: `${hint}${usage}` };
  }
  if (options.length === 1 && /^(--version|-v)$/.test(options[0])) {
    return { exitCode: 0, text: `${version}\n` };
  }
  if (command === 'start' && options.some((option) => /^(--help|-h)$/.test(option))) {
    return { exitCode: 0, text: usage };
  }
  return first.startsWith('-') ? { exitCode: 64, text: usage } : { command, args: options };
}

/** The command that is at most two edits away, or that begins with the typed text. */
function nearestCommand(typed) {
  const text = typed.toLowerCase();
  const [nearest] = commandNames
    .map((name) => ({ name, edits: name.startsWith(text) ? 0 : editsBetween(text, name) }))
    .sort((a, b) => a.edits - b.edits);
  return nearest.edits <= 2 && typed.length > 1 ? nearest.name : undefined;
}

/** Levenshtein's distance; texts that are much longer than a command are not compared. */
function editsBetween(from, to) {
  if (from.length > 20) {
    return from.length;
  }
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = row[column] + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, row[column + 1] + 1, next[column] + 1));
    }
    row = next;
  }
  return row[to.length];
}

/** How the caller names a command of this program, judged by npm's environment variables. */
export function nameOfCall(command, environment) {
  const { npm_lifecycle_event: script, npm_package_name: project } = environment;
  if (script === command) {
    return `npm run ${command} --`;
  }
  const program = script === 'npx' && project === packageName ? '.' : packageName;
  return script === 'npx' ? `npx ${program} ${command}` : `${program} ${command}`;
}
