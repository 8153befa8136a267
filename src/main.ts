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

try {
  await import('./program.ts');
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (!loadFailures.has(code)) {
    throw error;
  }
  process.stderr.write(
    `The gateway could not start: its files cannot be loaded (${code}); raise the limit of open files ` +
      '(ulimit -n), or install again if files are missing.\n',
  );
  process.exit(1);
}
