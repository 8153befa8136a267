import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { fullName: string; failureMessages: string[] }[];
  }[];
}

describe.each(['--runInBand', '--maxWorkers=2'])('a test run with %s', (option) => {
  let report: Report;
  beforeAll(async () => {
    report = await runUntidy(option);
  });

  it.each<[string, string | undefined]>([
    ['leaves an interval', 'Timeout'],
    ['leaves a child process', 'ProcessWrap'],
    ['leaves a connection', 'TCPSocketWrap'],
    ['leaves a listener', 'TCPServerWrap'],
    ['leaves what was there, and what is not held', undefined],
    ['with a listener of everybody leaves a connection to it', undefined],
    ['with a listener of everybody leaves a timeout', 'Timeout'],
    ['leaves a timeout of something that is named', undefined],
    ['leaves a listener of nothing that is named', 'TCPServerWrap'],
  ])('judges a test that %s', (name, left) => {
    const judged = report.testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .find(({ fullName }) => fullName === name);
    const expected = left === undefined ? [] : [leaving('test', left)];
    expect(judged?.failureMessages).toEqual(expected);
  });

  it('judges a file whose tests are not to blame', () => {
    const file = report.testResults.find(({ name }) => name.endsWith('wholeFile.untidy.ts'));
    expect(file?.assertionResults.map(({ failureMessages }) => failureMessages)).toEqual([[]]);
    expect(file?.message).toEqual(leaving('file', 'TCPServerWrap, \\d Timeout'));
  });
});

it('is looked for in files with an environment of their own, too', () => {
  const environments = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => /^.*@jest-environment (\S+)/.exec(textOf(join('test', file)))?.[1] ?? []);
  expect(environments).not.toEqual([]);
  for (const environment of environments) {
    expect(textOf(environment)).toContain('extends TidyEnvironment');
  }
});

/** In one process a timer of the test runner's can be among it just then. */
const leaving = (who: string, what: string) =>
  expect.stringMatching(new RegExp(`This ${who} left behind: (1 Timeout, )?\\d ${what}[.,]`));

/** Runs files that leave something behind as the project's own tests are run. */
function runUntidy(option: string): Promise<Report> {
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
  const config = ['--config', 'test/extended/untidy/jest.config.mjs'];
  const all = [...jest, ...config, option, '--json', '--forceExit'];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { cwd: root }, (_error, stdout) => resolve(JSON.parse(stdout)));
  });
}
