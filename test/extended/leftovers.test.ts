import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { fullName: string; failureMessages: string[] }[];
  }[];
}

/** In one process a timer of the test runner's can be among it just then. */
const leaving = (who: string, what: string) =>
  expect.stringMatching(new RegExp(`This ${who} left behind: (1 Timeout, )?\\d ${what}[.,]`));

it('is found after each test and each file, whatever it is', async () => {
  const flags = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--runInBand'];
  const files = ['--roots', 'test/extended/untidy', '--testMatch', '**/*.untidy.ts'];
  const waiting = ['--testEnvironmentOptions', '{"patienceMs":300}', '--json', '--forceExit'];
  const ignored = ['--testPathIgnorePatterns', '/node_modules/'];
  const report = await new Promise<Report>((resolve) => {
    const args = [...flags, ...files, ...waiting, ...ignored];
    execFile(process.execPath, args, { cwd: root }, (_error, stdout) =>
      resolve(JSON.parse(stdout)),
    );
  });
  const judged = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ fullName, failureMessages }) => [fullName, failureMessages]),
  );
  expect(Object.fromEntries(judged)).toEqual({
    'leaves intervals': [leaving('test', 'Timeout')],
    'leaves a child process': [leaving('test', 'ProcessWrap')],
    'leaves a connection': [leaving('test', 'TCPSocketWrap')],
    'leaves a listener': [leaving('test', 'TCPServerWrap')],
    'leaves what is not held': [],
    'with a listener of everybody leaves a connection to it': [],
    'leaves timeouts of something that is named': [],
  });
  const messages = report.testResults.map(({ message }) => message);
  expect(messages).toContainEqual(leaving('file', 'Timeout'));
});

it('is looked for in files with an environment of their own, too', () => {
  const environments = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(root, 'test', file), 'utf8'))
    .flatMap((text) => /^.*@jest-environment (\S+)/.exec(text)?.[1] ?? []);
  expect(environments).not.toEqual([]);
  for (const environment of environments) {
    expect(readFileSync(join(root, environment), 'utf8')).toContain('extends TidyEnvironment');
  }
});
