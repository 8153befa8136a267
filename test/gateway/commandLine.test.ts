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
import { beforeEach, describe, expect, it } from '@jest/globals';
import { nameOfCall, readCommandLine } from '../../src/commandLine.js';
import { lockBuild } from '../../tools/buildLock.js';
import { beginBuild, finishBuild, isBuilt } from '../../tools/buildStamp.js';
import { useClosing } from '../support/closing.ts';

describe('the command line', () => {
  it('reads the program and its arguments', () => {
    for (const args of [['start'], ['doctor', '--help'], ['drift', 'a.xml', 'v1.0']]) {
      expect(readCommandLine(args, '')).toEqual({ command: args[0], args: args.slice(1) });
    }
    expect(readCommandLine([], '')).toEqual({ command: 'start', args: [] });
  });

  it.each<[string, number, RegExp]>([
    ['--help', 0, /^Usage: compliance-partner-gateway \[start \| doctor \| drift\]\n/],
    ['start -h', 0, /^Usage: /],
    ['--version', 0, /^1\.2\.3\n$/],
    ['drift -v', 0, /^1\.2\.3\n$/],
    ['--port=5000', 64, /^Usage: /],
    ['docter', 64, /^Unknown command\. Did you mean doctor\?\nUsage: /],
    ['DRFIT', 64, /^Unknown command\. Did you mean drift\?/],
    ['doc', 64, /^Unknown command\. Did you mean doctor\?/],
    ['d', 64, /^Usage: /],
    ['dance', 64, /^Usage: /],
    ['starting', 64, /^Usage: /],
    [`st${'a'.repeat(100_000)}rt`, 64, /^Usage: /],
  ])('ends without a program at %j', (line, exitCode, text) => {
    const asked = readCommandLine(line.split(' '), '1.2.3');
    expect(asked).toEqual({ exitCode, text: expect.stringMatching(text) });
  });

  const npm_package_name = 'compliance-partner-gateway';
  it.each([
    [{ npm_lifecycle_event: 'drift' }, 'npm run drift --'],
    [{ npm_lifecycle_event: 'npx', npm_package_name }, 'npx . drift'],
    [{ npm_lifecycle_event: 'npx' }, 'npx compliance-partner-gateway drift'],
    [{}, 'compliance-partner-gateway drift'],
  ])('knows how it was called: %j', (environment, expected) => {
    expect(nameOfCall('drift', environment)).toBe(expected);
  });
});

const closeLater = useClosing();
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'build-'));
  closeLater(() => rmSync(root, { recursive: true }));
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

describe('the stamp of a build', () => {
  function build(meanwhile?: () => void): void {
    write('src/main.ts', 'one');
    const inputs = beginBuild(root);
    expect(isBuilt(root)).toBe(false);
    write('dist/main.js', 'built');
    meanwhile?.();
    finishBuild(root, inputs);
  }

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
  ])('asks for a build after a change of %s, or without it if it was there', (file) => {
    build();
    write('src/main.ts', 'one');
    expect(isBuilt(root)).toBe(true);
    const wasThere = existsSync(join(root, file));
    write(file, 'changed');
    expect(isBuilt(root)).toBe(false);
    rmSync(join(root, file));
    expect(isBuilt(root)).toBe(!wasThere);
  });

  it('asks for a build after one whose sources changed on the way, and keeps what the compiler can go on from', () => {
    build(() => write('src/main.ts', 'two'));
    expect(isBuilt(root)).toBe(false);
    beginBuild(root);
    expect(readdirSync(join(root, 'dist'))).toEqual(['main.js']);
    // What is broken is removed.
    beginBuild(root);
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });
});

describe('the lock of a build', () => {
  const isLocked = () => existsSync(join(root, '.build-lock'));

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
    expect(isLocked()).toBe(false);
    await once(first, 'exit');
  });

  it.each([
    ['of a process that is gone', spawnSync(process.execPath, ['--version']).pid, 0],
    ['of this very process, from a life before', process.pid, 0],
    ['that is older than any build', process.ppid, 3_600],
  ])('does not wait for one %s', (_what, pid, ageSeconds) => {
    write('.build-lock', String(pid));
    const seconds = Date.now() / 1000 - ageSeconds;
    utimesSync(join(root, '.build-lock'), seconds, seconds);
    lockBuild(root)();
    expect(isLocked()).toBe(false);
  });
});
