import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Manifest } from './readManifests.ts';

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
export function findUnknownProperties(manifests: readonly Manifest[]): readonly string[] {
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
