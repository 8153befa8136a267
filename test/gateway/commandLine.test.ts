import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nameOfCall, readCommandLine } from '../../src/commandLine.js';
import { lockBuild } from '../../tools/buildLock.js';
import { beginBuild, finishBuild, isBuilt } from '../../tools/buildStamp.js';

describe('the command line', () => {
  it.each<[string, unknown]>([
    ['', { command: 'start', args: [] }],
    ['start', { command: 'start', args: [] }],
    ['doctor --json', { command: 'doctor', args: ['--json'] }],
    ['doctor --help', { command: 'doctor', args: ['--help'] }],
    ['drift a.xml v1.0', { command: 'drift', args: ['a.xml', 'v1.0'] }],
    ['--version', { exitCode: 0, text: '1.2.3\n' }],
    ['doctor --version', { exitCode: 0, text: '1.2.3\n' }],
    ['drift -v', { exitCode: 0, text: '1.2.3\n' }],
  ])('reads %j', (line, expected) => {
    const args = line.split(' ').filter((arg) => arg !== '');
    expect(readCommandLine(args, '1.2.3')).toEqual(expected);
  });

  it.each<[string, number, RegExp]>([
    ['--help', 0, /^Usage: compliance-partner-gateway \[start \| doctor \| drift\]\n/],
    ['-h', 0, /^Usage: /],
    ['start --help', 0, /^Usage: /],
    ['--port=5000', 64, /^Usage: /],
    ['docter', 64, /^Unknown command\. Did you mean doctor\?\nUsage: /],
    ['DRFIT', 64, /^Unknown command\. Did you mean drift\?/],
    ['stat', 64, /^Unknown command\. Did you mean start\?/],
    ['doc', 64, /^Unknown command\. Did you mean doctor\?/],
    ['dance', 64, /^Usage: /],
    ['x', 64, /^Usage: /],
    [`st${'a'.repeat(100_000)}rt`, 64, /^Usage: /],
  ])('ends without a program at %j', (line, exitCode, text) => {
    expect(readCommandLine(line.split(' '), '1.2.3')).toEqual({
      exitCode,
      text: expect.stringMatching(text),
    });
  });

  it.each([
    [{ npm_lifecycle_event: 'drift' }, 'npm run drift --'],
    [{ npm_lifecycle_event: 'npx', npm_package_name: 'compliance-partner-gateway' }, 'npx . drift'],
    [
      { npm_lifecycle_event: 'npx', npm_package_name: 'frontend' },
      'npx compliance-partner-gateway drift',
    ],
    [{}, 'compliance-partner-gateway drift'],
  ])('knows how it was called: %j', (environment, expected) => {
    expect(nameOfCall('drift', environment)).toBe(expected);
  });
});

describe('the stamp of a build', () => {
  const root = mkdtempSync(join(tmpdir(), 'stamp-'));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const build = (): void => {
    const inputs = beginBuild(root);
    write('dist/main.js', 'built');
    finishBuild(root, inputs);
  };

  beforeEach(() => {
    rmSync(root, { recursive: true, force: true });
    write('src/main.ts', 'one');
    write('schema/partner.graphql', 'type A');
    build();
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('is fresh after a build, also if a file is written again with the same text', () => {
    write('src/main.ts', 'one');
    expect(isBuilt(root)).toBe(true);
  });

  it.each([
    'src/main.ts',
    'src/new.ts',
    'schema/partner.graphql',
    'tools/drift.ts',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'dist/main.js',
    'dist/left/behind.js',
    'dist/.stamp.json',
  ])('asks for a build after a change of %s', (file) => {
    write(file, 'changed');
    expect(isBuilt(root)).toBe(false);
  });

  it.each(['src/main.ts', 'dist/main.js', 'dist/.stamp.json'])(
    'asks for a build without %s',
    (file) => {
      rmSync(join(root, file));
      expect(isBuilt(root)).toBe(false);
    },
  );

  it('asks for a build after one that did not end, or whose sources changed on the way', () => {
    beginBuild(root);
    expect(isBuilt(root)).toBe(false);
    const inputs = beginBuild(root);
    write('dist/main.js', 'built');
    write('src/main.ts', 'two');
    finishBuild(root, inputs);
    expect(isBuilt(root)).toBe(false);
  });

  it('keeps what the compiler can go on from, and removes what is broken', () => {
    write('src/main.ts', 'two');
    beginBuild(root);
    expect(readdirSync(join(root, 'dist'))).toEqual(['main.js']);
    beginBuild(root);
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });
});

describe('the lock of a build', () => {
  const root = mkdtempSync(join(tmpdir(), 'lock-'));
  const lock = join(root, '.build-lock');
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('makes a second build wait for the end of the first', async () => {
    const script = `import { lockBuild } from ${JSON.stringify(new URL('../../tools/buildLock.js', import.meta.url))};
      import { writeFileSync } from 'node:fs';
      const unlock = lockBuild(${JSON.stringify(root)});
      console.log('locked');
      setTimeout(() => {
        writeFileSync(${JSON.stringify(join(root, 'built'))}, '');
        unlock();
      }, 50);`;
    const first = spawn(process.execPath, ['--input-type=module', '--eval', script]);
    await once(first.stdout, 'data');
    const unlock = lockBuild(root);
    expect(existsSync(join(root, 'built'))).toBe(true);
    unlock();
    expect(existsSync(lock)).toBe(false);
    await once(first, 'exit');
  });

  it.each([
    ['of a process that is gone', spawnSync(process.execPath, ['--version']).pid, 0],
    ['of this very process, from a life before', process.pid, 0],
    ['that is older than any build', process.ppid, 3_600],
  ])('does not wait for one %s', (_what, pid, ageSeconds) => {
    writeFileSync(lock, String(pid));
    const seconds = Date.now() / 1000 - ageSeconds;
    utimesSync(lock, seconds, seconds);
    lockBuild(root)();
    expect(existsSync(lock)).toBe(false);
  });
});
