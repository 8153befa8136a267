import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  /** A folder of this repository instead of a download. */
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lockfiles = ['package-lock.json', 'examples/consumer/package-lock.json'];

describe.each(lockfiles)('%s', (file) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, LockedPackage>> };

  it('names no place to download from', () => {
    const downloads = Object.values(packages).filter(({ link }) => link !== true);
    expect(downloads.filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });

  it('holds the optional packages of all systems, because a clean install on another one is refused else', () => {
    const missing = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) =>
          packages[`node_modules/${name}`] === undefined &&
          packages[`${place}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });
});
