import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runNpm } from '../../support/installedExample.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

const name = 'compliance-partner-gateway';
const { bin, version, dependencies } = JSON.parse(textOf('package.json')) as {
  version: string;
  bin: Record<string, string>;
  dependencies: object;
};
const command = bin[name] ?? '';
const [, libraryExample = ''] =
  /## Use it as a library\n[\s\S]*?```ts\n([\s\S]*?)```/.exec(textOf('docs/frontend.md')) ?? [];

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
  /** In bytes: as a file of `npm pack`, and unpacked. */
  readonly size: number;
  readonly unpackedSize: number;
}

/** A user's folder with the package of `npm pack`, its declared dependencies and nothing else. */
let folder: string;
let packages: { readonly '.': Packed; readonly schema: Packed };
let files: readonly string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'packed-'));
  const options = ['--json', '--ignore-scripts', '--pack-destination', folder];
  const output = await runNpm(root, ['pack', '.', './schema', ...options]);
  const [own, schema] = JSON.parse(output) as [Packed, Packed];
  packages = { '.': own, schema };
  files = own.files.map(({ path }) => path);
  const modules = join(folder, 'node_modules');
  const installed = join(modules, name);
  mkdirSync(installed, { recursive: true });
  const archive = join(folder, own.filename);
  await run('tar', ['-xzf', archive, '--strip-components=1', '-C', installed]);
  for (const dependency of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, dependency)), { recursive: true });
    symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency), 'junction');
  }
  write('package.json', '{ "type": "module" }');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);

/** Runs a module in that folder; gives the lines of its standard output, rejects if it fails. */
async function runModule(source: string): Promise<readonly string[]> {
  write('consumer.js', source);
  const { stdout } = await run(process.execPath, ['--no-warnings', 'consumer.js'], { cwd: folder });
  return stdout.trim().split('\n');
}

describe('the packed package', () => {
  it.each([
    ['.', 1_500_000, 5_000_000],
    ['schema', 25_000, 200_000],
  ] as const)('of %s is small, and has every file that its exports name', (of, most, unpacked) => {
    const { size, unpackedSize, files: held } = packages[of];
    expect([size < most, unpackedSize < unpacked]).toEqual([true, true]);
    const manifest = textOf(`${of}/package.json`);
    const named = [...manifest.matchAll(/: "\.\/([^"]+)"/g)].map(([, file]) => file);
    expect(named).toContain('dist/subgraph.graphql');
    expect(held.map(({ path }) => path)).toEqual(expect.arrayContaining(named));
  });

  it('for clients has no dependencies', () => {
    expect(textOf('schema/package.json')).not.toMatch(/dependencies/i);
  });

  it('holds nothing of the build, the tests or the machine, and source maps with their sources', () => {
    const folders = files
      .filter((file) => file !== command && file !== 'src/commandLine.js')
      .map((file) => file.split('/')[0]);
    expect([...new Set(folders)].sort()).toEqual([
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'package.json',
      'schema',
    ]);
    const stray = /tsbuildinfo|artifacts|stamp|explorer\/assets\/(?!icon-|sandbox-)/;
    expect(files.filter((file) => stray.test(file))).toEqual([]);
    const maps = files.filter((file) => file.endsWith('.js.map'));
    expect(maps.length).toBeGreaterThan(50);
    for (const file of maps) {
      const { sources, sourcesContent } = JSON.parse(textOf(file)) as Record<string, unknown[]>;
      expect(sourcesContent).toEqual(sources?.map(() => expect.any(String)));
    }
  });

  it('has Sandbox, and the explorer that needs no internet beside its optional package', async () => {
    const start = `
      import { cpSync } from 'node:fs';
      import { createGateway, readConfig } from '${name}';
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const create = (EXPLORER) => createGateway(readConfig({ PORT: '0', EXPLORER }), { log });`;
    const alone = await runModule(`${start}
      const gateway = create('auto');
      const page = await (await fetch((await gateway.start()).url + '/?explorer=offline')).text();
      console.log(page.includes('embeddable-sandbox.cdn'), page.includes('"fallbackPath":null'));
      await gateway.stop();
      await create('offline').start().catch((error) => console.log(error.problems[0]));`);
    const missing = /^EXPLORER is offline, .* install compliance-partner-explorer,/;
    expect(alone).toEqual(['true true', expect.stringMatching(missing)]);

    const beside = await runModule(`${start}
      const [from, to] = [${JSON.stringify(root)}, 'node_modules/compliance-partner-explorer/'];
      cpSync(from + 'src/explorer/package.json', to + 'package.json');
      cpSync(from + 'dist/explorer', to + 'dist', { recursive: true });
      const gateway = create('offline');
      const { url } = await gateway.start();
      const page = await (await fetch(url)).text();
      const workers = Object.values(JSON.parse(/id="settings">(.*?)</.exec(page)[1]).workers);
      const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
      for (const path of [...assets, ...workers]) {
        const answer = await fetch(url + path);
        const isFull = (await answer.arrayBuffer()).byteLength > 200;
        console.log(answer.status, answer.headers.get('content-type'), isFull);
      }
      await gateway.stop();`);
    const script = '200 application/javascript; charset=utf-8 true';
    const [icon, style] = ['200 image/svg+xml true', '200 text/css; charset=utf-8 true'];
    expect(beside).toEqual([icon, style, ...Array<string>(4).fill(script)]);
    const licenses = textOf('dist/explorer/LICENSES.txt');
    for (const part of ['graphiql 5.4.0: MIT', 'monaco-editor 0.52.2: MIT', 'react-dom 19.']) {
      expect(licenses).toContain(part);
    }
  });

  it('has a command that examines and compares, and rejects what it does not have', async () => {
    const graph = await startTestGraph();
    const metadata = await (await fetch(`${graph.baseUrl}/beta/$metadata`)).text();
    await graph.close();
    const property = '<Property Name="name" Type="Edm.String" />';
    write('beta.xml', metadata.replace(/<Property Name="displayName"/, `${property}$&`));
    const offline = { GRAPH_BASE_URL: 'http://127.0.0.1:1' };
    // A token in parts, none of which may be shown.
    const claims = Buffer.from('{"aud":"canary","scp":"canary"}').toString('base64url');
    const token = `eyJhbGciOiJub25lIn0.${claims}.canary-signature`;
    const calls: [args: string[], env: object, input: string, status: number, told: RegExp][] = [
      [['doctor'], {}, '', 0, /^ok +configuration +It can be used: the embedded Graph answers/],
      [['doctor'], { NODE_ENV: 'production' }, '', 78, /GRAPH_CLOUD is missing/],
      [['doctor', '--token', token], {}, '', 64, /^A token is never an argument[\s\S]*Usage: /],
      [['doctor', '--token-file', '-'], offline, token, 1, /It is not for Microsoft G/],
      [['drift'], {}, '', 2, /^Usage: compliance-partner-gateway drift /],
      [['drift', 'beta.xml'], {}, '', 1, /has a property[\s\S]*name \(Edm\.String, nullable\)/],
      [['drfit'], {}, '', 64, /^Unknown command\. Did you mean drift\?/],
      [['--version'], {}, '', 0, new RegExp(`^${version}$`)],
    ];
    const calling = calls.map(async ([args, env, input, status, told]) => {
      const path = join(folder, 'node_modules', name, command);
      const running = run(process.execPath, [path, ...args], { cwd: folder, env: { ...env } });
      running.child.stdin?.end(input);
      const { code, stdout, stderr } = await running.then(
        (output) => ({ code: 0, ...output }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
      const output = (stdout + stderr).trim();
      expect({ args, code, output }).toEqual({
        args,
        code: status,
        output: expect.stringMatching(told),
      });
      expect(output).not.toMatch(/canary|eyJ/);
    });
    await Promise.all(calling);
  });

  it("runs the documents' library example with nothing but its declared dependencies", async () => {
    expect(libraryExample).toContain('createGateway(');
    const output = (await runModule(libraryExample)).join('\n');
    expect(output).toContain('"message":"Stopped"');
    expect(output).toContain('{ data: { complianceManagementPartners: { totalCount: ');
  });

  it('has types for all of it that a strict compiler takes, and that reject what is wrong', async () => {
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
    write('consumer.ts', source);
    const wrong = `import { createGateway, readConfig } from '${name}';
      createGateway({ ...readConfig({}), apiVersion: 'v2' });
      export const url: number = (await createGateway(readConfig({})).start()).url;`;
    write('wrong.ts', wrong);
    // As a careful consumer has it: the declarations of the package are checked too.
    const compilerOptions = {
      target: 'ES2023',
      lib: ['ES2023', 'DOM'],
      module: 'NodeNext',
      types: [],
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      resolveJsonModule: true,
      skipLibCheck: false,
      skipDefaultLibCheck: true,
    };
    write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['consumer.ts', 'wrong.ts'] }));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const compiling = run(process.execPath, [compiler, '-p', '.'], { cwd: folder });
    const { stdout } = await compiling.catch((error: { stdout: string }) => error);
    const places = stdout.match(/^\S+(?=.*error TS)/gm);
    expect(places).toEqual([
      expect.stringMatching(/^wrong\.ts\(2,/),
      expect.stringMatching(/^wrong\.ts\(3,/),
    ]);
  });
});
