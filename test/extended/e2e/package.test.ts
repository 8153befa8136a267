import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSdl } from '../../../src/graphql/schema.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
  /** In bytes: as a file of `npm pack`, and unpacked. */
  readonly size: number;
  readonly unpackedSize: number;
}

async function pack(folder: string, of = '.'): Promise<Packed> {
  const npm = process.env['npm_execpath'];
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const args = ['pack', of, '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run(command, [...before, ...args], { cwd: root });
  const [packed] = JSON.parse(stdout) as [Packed];
  return packed;
}

/** As a careful consumer has it: the declarations of the package are checked too. */
const compilerOptions = {
  target: 'ES2023',
  lib: ['ES2023', 'DOM'],
  module: 'NodeNext',
  types: [],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  skipDefaultLibCheck: true,
  resolveJsonModule: true,
};

const name = 'compliance-partner-gateway';

/** Makes a user's folder with the package of `npm pack`, its declared dependencies and nothing else. */
async function installPackedPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, name);
  mkdirSync(installed, { recursive: true });
  const { filename, files, ...bytes } = await pack(folder);
  await run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', installed]);
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    dependencies: object;
  };
  for (const dependency of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, dependency)), { recursive: true });
    symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency), 'junction');
  }
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  write('package.json', '{ "type": "module" }');

  return {
    installed,
    files: files.map(({ path }) => path),
    bytes,
    /** Runs a module in that folder; gives the lines of its standard output, rejects if it fails. */
    async run(source: string): Promise<readonly string[]> {
      write('consumer.js', source);
      const args = ['--no-warnings', 'consumer.js'];
      const { stdout } = await run(process.execPath, args, { cwd: folder });
      return stdout.trim().split('\n');
    },
    /** Checks a module in that folder, strictly; gives the compiler's complaints. */
    async findTypeErrors(source: string): Promise<string> {
      write('consumer.ts', source);
      write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const { stdout } = await run(process.execPath, [compiler, '-p', folder]).catch(
        (error: { stdout: string }) => error,
      );
      return stdout;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const {
  exports: offered,
  bin,
  version,
} = JSON.parse(textOf('package.json')) as {
  version: string;
  exports: object;
  bin: Record<string, string>;
};
const [, libraryExample = ''] =
  /## Use it as a library\n[\s\S]*?```ts\n([\s\S]*?)```/.exec(textOf('docs/frontend.md')) ?? [];

let packed: Awaited<ReturnType<typeof installPackedPackage>>;
beforeAll(async () => {
  packed = await installPackedPackage();
});
afterAll(() => packed.remove());

describe('the packed package', () => {
  it('has every file that its exports name', async () => {
    const resolved = await packed.run(
      `import { existsSync } from 'node:fs';
       import { fileURLToPath } from 'node:url';
       for (const path of ${JSON.stringify(Object.keys(offered))}) {
         const url = import.meta.resolve('${name}' + path.slice(1));
         console.log(path, existsSync(fileURLToPath(url)));
       }`,
    );
    expect(Object.keys(offered)).toEqual(expect.arrayContaining(['.', './subgraph.graphql']));
    expect(resolved).toEqual(Object.keys(offered).map((path) => `${path} true`));
  });

  it('is small, and holds nothing of the build, the tests or the machine', () => {
    const { [name]: command } = bin;
    const folders = packed.files
      .filter((file) => file !== command && file !== 'src/commandLine.js')
      .map((file) => file.split('/')[0]);
    expect([...new Set(folders)].sort()).toEqual([
      ...['ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md'],
      ...['dist', 'docs', 'package.json', 'schema'],
    ]);
    expect(packed.files.filter((file) => /tsbuildinfo|artifacts|stamp/.test(file))).toEqual([]);
    const { size, unpackedSize } = packed.bytes;
    expect([size < 1_500_000, unpackedSize < 5_000_000]).toEqual([true, true]);
  });

  it('has source maps that hold what they point to', () => {
    const maps = packed.files.filter((file) => file.endsWith('.js.map'));
    const pointing = maps.filter((file) => {
      const { sources, sourcesContent = [] } = JSON.parse(textOf(file)) as {
        sources: readonly string[];
        sourcesContent?: readonly (string | null)[];
      };
      return sources.some((_source, index) => typeof sourcesContent[index] !== 'string');
    });
    expect(maps.length).toBeGreaterThan(50);
    expect(pointing).toEqual([]);
  });

  it('has Sandbox and not the explorer that needs no internet, and says how to get that', async () => {
    expect(
      packed.files.filter((file) => /explorer\/assets\/(?!icon-|sandbox-)/.test(file)),
    ).toEqual([]);
    const output = await packed.run(
      `import { createGateway, readConfig } from '${name}';
       const log = { debug() {}, info() {}, warn() {}, error() {} };
       for (const EXPLORER of ['auto', 'offline']) {
         const gateway = createGateway(readConfig({ PORT: '0', EXPLORER }), { log });
         const started = await gateway.start().catch((error) => console.log(error.problems[0]));
         if (started) {
           const page = await (await fetch(started.url + '/?explorer=offline')).text();
           console.log(page.includes('embeddable-sandbox.cdn'), page.includes('"fallbackPath":null'));
         }
         await gateway.stop();
       }`,
    );
    expect(output).toEqual([
      'true true',
      expect.stringMatching(/^EXPLORER is offline, .* install compliance-partner-explorer,/),
    ]);
  });

  it('has the explorer that needs no internet beside its optional package, with all licences', async () => {
    const output = await packed.run(
      `import { cpSync } from 'node:fs';
       import { createGateway, readConfig } from '${name}';
       const [from, to] = [${JSON.stringify(root)}, 'node_modules/compliance-partner-explorer/'];
       cpSync(from + 'src/explorer/package.json', to + 'package.json');
       cpSync(from + 'dist/explorer', to + 'dist', { recursive: true });
       const log = { debug() {}, info() {}, warn() {}, error() {} };
       const gateway = createGateway(readConfig({ PORT: '0', EXPLORER: 'offline' }), { log });
       const { url } = await gateway.start();
       const page = await (await fetch(url)).text();
       const workers = Object.values(JSON.parse(/id="settings">(.*?)</.exec(page)[1]).workers);
       const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
       for (const path of [...assets, ...workers]) {
         const answer = await fetch(url + path);
         console.log(answer.status, answer.headers.get('content-type'), (await answer.arrayBuffer()).byteLength > 200);
       }
       await gateway.stop();`,
    );
    const script = '200 application/javascript; charset=utf-8 true';
    const [icon, style] = ['200 image/svg+xml', '200 text/css; charset=utf-8'];
    expect(output).toEqual([`${icon} true`, `${style} true`, ...Array<string>(4).fill(script)]);
    const licenses = textOf('dist/explorer/LICENSES.txt');
    for (const part of ['graphiql 5.4.0: MIT', 'monaco-editor 0.52.2: MIT', 'react-dom 19.']) {
      expect(licenses).toContain(part);
    }
  });

  it('has a command that examines and compares, and rejects what it does not have', async () => {
    const graph = await startTestGraph();
    const metadata = await (await fetch(`${graph.baseUrl}/beta/$metadata`)).text();
    const property = '<Property Name="name" Type="Edm.String" />';
    const newGraph = join(packed.installed, 'beta.xml');
    writeFileSync(newGraph, metadata.replace(/<Property Name="displayName"/, `${property}$&`));
    const GRAPH_BASE_URL = graph.baseUrl;
    const invalid = { NODE_ENV: 'production', PORT: '-1' };
    // A token in parts, none of which may be shown.
    const claims = Buffer.from('{"aud":"canary","scp":"canary"}').toString('base64url');
    const token = `eyJhbGciOiJub25lIn0.${claims}.canary-signature`;
    const calls: [args: string[], env: object, input: string, status: number, output: RegExp][] = [
      [['doctor'], {}, '', 0, /^ok +configuration +It can be used: the embedded Graph answers/],
      [['doctor', '--json'], { GRAPH_BASE_URL: 'http://127.0.0.1:1' }, '', 1, /"exitCode": ?1/],
      [['doctor'], invalid, '', 78, /GRAPH_CLOUD is missing[\s\S]*PORT is "-1"/],
      [['doctor', '--token', token], {}, '', 64, /^A token is never an argument[\s\S]*Usage: /],
      [['doctor', '--token-file', '-'], { GRAPH_BASE_URL }, token, 1, /It is not for Microsoft G/],
      [['drift'], {}, '', 2, /^Usage: compliance-partner-gateway drift /],
      [['drift', newGraph], {}, '', 1, /has a property[\s\S]*name \(Edm\.String, nullable\)/],
      [['dance'], {}, '', 64, /^Usage: compliance-partner-gateway \[start \| doctor \| drift\]/],
      [['drfit'], {}, '', 64, /^Unknown command\. Did you mean drift\?/],
      [['--version'], {}, '', 0, new RegExp(`^${version}$`)],
    ];
    for (const [args, env, input, status, told] of calls) {
      const command = join(packed.installed, bin[name] ?? '');
      const running = run(process.execPath, [command, ...args], { env: { ...env } });
      running.child.stdin?.end(input);
      const { code, stdout, stderr } = await running.then(
        (output) => ({ code: 0, ...output }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
      expect({ args, code, output: stdout + stderr }).toMatchObject({ code: status, args });
      expect((stdout + stderr).trim()).toMatch(told);
      expect(stdout + stderr).not.toMatch(/canary|eyJ/);
    }
    await graph.close();
  });

  it('gives the schema and its forms for tools', async () => {
    const output = await packed.run(
      `import { readFileSync } from 'node:fs';
       import introspection from '${name}/introspection.json' with { type: 'json' };
       import possibleTypes from '${name}/possible-types.json' with { type: 'json' };
       import scalars from '${name}/scalars.json' with { type: 'json' };
       const sdl = readFileSync(new URL(import.meta.resolve('${name}/schema.graphql')), 'utf8');
       console.log(JSON.stringify({ types: introspection.__schema.types.length, possibleTypes, scalars, sdl }));`,
    );
    expect(JSON.parse(output.join())).toEqual({
      types: expect.any(Number),
      possibleTypes: {
        AssignmentTarget: expect.arrayContaining(['GroupAssignmentTarget']),
        Node: ['ComplianceManagementPartner'],
      },
      scalars: expect.objectContaining({ DateTimeOffset: 'string' }),
      sdl: readSdl(),
    });
  });

  it("runs the documents' library example with nothing but its declared dependencies", async () => {
    expect(libraryExample).toContain('createGateway(');
    const output = (await packed.run(libraryExample)).join('\n');
    expect(output).toContain('"message":"Stopped"');
    expect(output).toContain('{ data: { complianceManagementPartners: { totalCount: ');
  });

  it('has types for all of it, which a strict compiler takes', async () => {
    const source = `${libraryExample}
      import { type Config, ConfigError, type Log } from '${name}';
      import possibleTypes from '${name}/possible-types.json' with { type: 'json' };
      import scalars from '${name}/scalars.json' with { type: 'json' };
      const targets: readonly string[] = possibleTypes.AssignmentTarget;
      const text: string = scalars.DateTimeOffset;
      const config: Config = { ...readConfig({}), port: 0, upstream: { kind: 'graph', root: new URL('https://graph.microsoft.com') } };
      const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
      const problems = (error: unknown): readonly string[] => error instanceof ConfigError ? error.problems : [];
      createGateway(config, { log, newId: () => 'id' });
      export { problems, targets, text };`;
    expect(await packed.findTypeErrors(source)).toBe('');
  });

  it('has types that reject what is wrong', async () => {
    const errors = await packed.findTypeErrors(
      `import { createGateway, readConfig } from '${name}';
       createGateway({ ...readConfig({}), apiVersion: 'v2' });
       const url: number = (await createGateway(readConfig({})).start()).url;
       export { url };`,
    );
    expect(errors.match(/error TS\d+/g)).toHaveLength(2);
  });
});

describe('the package for clients', () => {
  it('is small, has no dependencies and every file that its exports name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'packed-'));
    const { files, size } = await pack(folder, './schema');
    rmSync(folder, { recursive: true });
    expect(size).toBeLessThan(25_000);
    const manifest: object = JSON.parse(textOf('schema/package.json'));
    expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
    const named = [...textOf('schema/package.json').matchAll(/: "\.\/([^"]+)"/g)].map(
      ([, file]) => file,
    );
    expect(named.length).toBeGreaterThan(7);
    expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(named));
  });
});
