// Node.js would open its inspector. The handler stands before anything else is loaded, hence the import below.
process.on('SIGUSR1', () => undefined);

/** What a shortage of open files, or an install that is not whole, makes of loading a file. */
const loadFailures: ReadonlySet<unknown> = new Set([
  'EMFILE',
  'ENFILE',
  'ERR_MODULE_NOT_FOUND',
  // A `package.json` that could not be opened.
  'ERR_INVALID_PACKAGE_CONFIG',
]);

const isLoadFailure = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && loadFailures.has(error.code);

try {
  const { runProgram } = await import('./program.ts');
  await runProgram(isLoadFailure);
} catch (error) {
  if (!isLoadFailure(error)) {
    throw error;
  }
  process.stderr.write(
    `The gateway could not start: its files cannot be loaded (${error.code}); raise the limit of open files ` +
      '(ulimit -n), or install again if files are missing.\n',
  );
  process.exit(1);
}
