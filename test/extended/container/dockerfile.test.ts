import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readBuildContext } from './buildImage.ts';
import { imageOf, readDockerfile } from './readDockerfile.ts';

const root = new URL('../../../', import.meta.url);
const stages = readDockerfile(new URL('Dockerfile', root));
const image = imageOf(stages);
const context = await readBuildContext();
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly name: string;
  readonly license: string;
  readonly description: string;
};

describe('the Dockerfile', () => {
  it('names the Node.js major of every stage, and no stage runs on another', () => {
    const bases = stages.map(({ image }) => image);
    expect(new Set(bases)).toEqual(new Set(['node:24-bookworm-slim']));
  });

  it('needs no shell: every program is a list that begins with the Node.js of its base', () => {
    expect(image.entrypoint).toEqual(['/usr/local/bin/node']);
    expect(image.healthCheck[0]).toBe('/usr/local/bin/node');
    expect(image.command.at(-1)).toBe('dist/main.js');
    expect(image.steps.filter(({ kind }) => kind === 'run')).toEqual([]);
  });

  it('stops with SIGTERM, and listens on all interfaces', () => {
    expect(image.stopSignal).toBe('SIGTERM');
    expect(image.environment).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0' });
    expect(image.ports).toEqual(['4000', '9464']);
  });

  it('says what it is in the words of the package', () => {
    expect(image.labels).toEqual({
      'org.opencontainers.image.title': manifest.name,
      'org.opencontainers.image.description': expect.stringContaining(
        'A GraphQL gateway over Microsoft Graph',
      ),
      'org.opencontainers.image.licenses': manifest.license,
    });
  });

  it('runs no scripts of packages, and takes what the lockfile says', () => {
    const installs = stages.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind === 'run' && step.command.includes('npm ci') ? [step.command] : [],
      ),
    );
    expect(installs).toEqual(['npm ci --ignore-scripts', 'npm ci --omit=dev --ignore-scripts']);
  });

  it('copies only what is sent to the build, and what is sent is there and needed', () => {
    const copied = stages.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind === 'copy' && step.from === undefined ? step.sources : [],
      ),
    );
    expect([...new Set(copied)].sort()).toEqual([...context].sort());
    expect(context.filter((name) => !existsSync(new URL(name, root)))).toEqual([]);
  });
});
