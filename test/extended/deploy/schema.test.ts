import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import {
  base,
  baseKustomization,
  isObject,
  type JsonObject,
  listAt,
  type Manifest,
  overlaid,
  overlayKustomization,
  overlayPatches,
} from './readManifests.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};

/**
 * Finds what the types of Kubernetes' API do not have. A schema lets unknown properties pass, as Kubernetes itself drops
 * them without a word; a compiler does not, where an object is written down as it is.
 */
function findUnknownProperties(manifests: readonly Manifest[]): readonly string[] {
  const sources = new Map(
    manifests.map((manifest, index) => [`${root}manifest-${index}.ts`, sourceOf(manifest)]),
  );
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([...sources.keys()], options, {
    ...host,
    fileExists: (path) => sources.has(path) || host.fileExists(path),
    readFile: (path) => sources.get(path) ?? host.readFile(path),
    getSourceFile: (path, version) => {
      const text = sources.get(path);
      return text === undefined
        ? host.getSourceFile(path, version)
        : ts.createSourceFile(path, text, version);
    },
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

function sourceOf({ apiVersion, kind, body }: Manifest): string {
  return (
    `import type { I${kind} } from 'kubernetes-models/${apiVersion}/${kind}';\n` +
    `export const manifest: I${kind} = ${JSON.stringify(body, null, 2)};\n`
  );
}

interface Model {
  validate(): void;
}

/** Holds a manifest against the schema of its kind. @throws what is wrong with it. */
async function validate({ apiVersion, kind, body }: Manifest): Promise<void> {
  const models = (await import(`kubernetes-models/${apiVersion}/${kind}`)) as Record<
    string,
    new (
      body: JsonObject,
    ) => Model
  >;
  const Kind = models[kind];
  if (Kind === undefined) {
    throw new Error(`${apiVersion} has no ${kind}`);
  }
  new Kind(body).validate();
}

const sets = { base, overlaid };
const cases = Object.entries(sets).flatMap(([set, manifests]) =>
  manifests.map((manifest) => [set, manifest.file, manifest] as const),
);

describe('the manifests', () => {
  it.each(cases)('of %s keep to the schema of Kubernetes: %s', async (_set, _file, manifest) => {
    await validate(manifest);
  });

  const service = (port: JsonObject): Manifest => ({
    file: '',
    apiVersion: 'v1',
    kind: 'Service',
    body: { apiVersion: 'v1', kind: 'Service', spec: { ports: [port] } },
  });

  it('would be refused with a wrong type or without what is required', async () => {
    await expect(validate(service({ port: 'high' }))).rejects.toThrow('port must be integer');
    await expect(validate(service({}))).rejects.toThrow('must have required property port');
  });

  it('have no property that Kubernetes would drop, as one more with a slip would have', () => {
    const slip = service({ port: 80, protocoll: 'TCP' });
    expect(findUnknownProperties([...base, ...overlaid, slip])).toEqual([
      expect.stringContaining('protocoll'),
    ]);
  });

  it('are all named in the kustomizations, and none is named that is not there', () => {
    const names = (manifests: readonly Manifest[]) => manifests.map(({ file }) => file).sort();
    expect([...listAt(baseKustomization, 'resources')].sort()).toEqual(names(base));
    const patches = listAt(overlayKustomization, 'patches').map(
      (patch) => isObject(patch) && patch['path'],
    );
    expect(patches.sort()).toEqual(names(overlayPatches));
    expect(listAt(overlayKustomization, 'resources')).toEqual(['../base']);
  });
});

const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;
const describeBuild = hasKubectl ? describe : describe.skip;
if (!hasKubectl) {
  process.stderr.write(
    'No kubectl here: that kustomize builds what these tests look at is left out.\n',
  );
}

describeBuild('kustomize', () => {
  it.each([
    ['base', base],
    ['workload-identity', overlaid],
  ] as const)('builds of %s what these tests look at', (folder, manifests) => {
    const path = fileURLToPath(new URL(`../../../deploy/kubernetes/${folder}`, import.meta.url));
    const { stdout } = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' });
    const built: unknown[] = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(built).toHaveLength(manifests.length);
    expect(built).toEqual(expect.arrayContaining(manifests.map(({ body }) => body)));
  });
});
