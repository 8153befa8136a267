import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import semver from 'semver';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  /** A folder of this repository instead of a download. */
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: boolean;
}

interface Package {
  readonly engines: { readonly node: string };
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

const folders = ['.', 'examples/consumer'];

const readJson = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));

describe.each(folders)('%s/package-lock.json', (folder) => {
  const { engines, allowScripts = {} } = readJson(`${folder}/package.json`) as Package;
  const { packages } = readJson(`${folder}/package-lock.json`) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };

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

  it('installs nothing that rejects the lowest supported Node.js', () => {
    const lowest = semver.minVersion(engines.node)?.version ?? '';
    const rejecting = Object.entries(packages).filter(
      ([, { engines: asked }]) =>
        asked?.node !== undefined && !semver.satisfies(lowest, asked.node),
    );
    expect(lowest).toBe('20.19.0');
    expect(rejecting.map(([place]) => place)).toEqual([]);
  });

  it('decides on each install script, because npm warns of every other', () => {
    const scripted = Object.entries(packages).filter(
      ([, { hasInstallScript }]) => hasInstallScript,
    );
    const names = scripted.map(([place]) => place.slice(place.lastIndexOf('node_modules/') + 13));
    expect(Object.keys(allowScripts).sort()).toEqual([...new Set(names)].sort());
  });
});
