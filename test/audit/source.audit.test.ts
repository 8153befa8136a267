import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const root = new URL('../../', import.meta.url);
const folders = ['src', 'test', 'bench', 'schema', 'examples/consumer/src'];
const generated = ['src/generated/', 'examples/consumer/src/gql/'];
const files = folders.flatMap((folder) =>
  readdirSync(fileURLToPath(new URL(folder, root)), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.split('\\').join('/')}`)
    .filter((file) => /\.(tsx?|graphql)$/.test(file))
    .filter((file) => !generated.some((folder) => file.startsWith(folder)))
    .filter((file) => !file.includes('/.build/')),
);
const texts = new Map(files.map((file) => [file, readFileSync(new URL(file, root), 'utf8')]));
const textOf = (file: string): string => texts.get(file) ?? '';
/** What runs in browsers has no other time and network than theirs. */
const own = files.filter((file) => file.startsWith('src/') && !file.startsWith('src/explorer/'));

/** Put together so that this file has none of them. */
const waysAround = new RegExp(
  [
    '(: ?|as |<)an' + 'y\\b',
    '@ts-(ign' + 'ore|nocheck|expect-error)',
    'biome-ign' + 'ore',
    '\\b(FIX|TO)(ME|DO)\\b',
  ].join('|'),
);

describe('source files', () => {
  it('are short enough to read at once', () => {
    expect(files.filter((file) => textOf(file).split('\n').length > 400)).toEqual([]);
  });

  it('have no way around the types', () => {
    const strays = files
      .filter((file) => /\.tsx?$/.test(file))
      .flatMap((file) =>
        textOf(file)
          .split('\n')
          .map((line) => `${file}: ${line}`),
      )
      .filter((line) => waysAround.test(line));
    expect(strays).toEqual([]);
  });

  it.each<[string, RegExp, readonly string[]]>([
    [
      'the process',
      /\bprocess\./,
      [
        'src/main.ts',
        'src/program.ts',
        'src/drift.ts',
        'src/doctor.ts',
        'src/telemetry/standardOutput.ts',
      ],
    ],
    [
      'the time',
      /\bDate\.now\(|new Date\(\)|setTimeout\(|setInterval\(|performance\./,
      [
        'src/clock.ts',
        // How long the work of this turn of the event loop took is nothing a test's clock can know.
        'src/loopShare.ts',
        // How late the real event loop is cannot be seen by a clock that is injected.
        'src/server/shedding/senseLoad.ts',
        // A socket's own idea of when it last got rid of a byte.
        'src/server/connections/addConnectionBounds.ts',
      ],
    ],
    [
      'chance',
      /Math\.random|randomUUID|randomBytes/,
      [
        'src/startObservedGateway.ts',
        'src/emulator/startEmulator.ts',
        // The owner of a lease has to be another one in each process, whatever ids are injected there.
        'src/graph/leases.ts',
      ],
    ],
    ['the built-in fetch', /\bfetch\(/, []],
    ['the console', /\bconsole\./, []],
    [
      'the explorer and CORS before they are needed',
      /^import (?!type )[^;]*('@fastify\/cors'|addExplorer\.ts')/m,
      [],
    ],
    ['MSAL before it is needed', /^import (?!type )[^;]*'@azure\/msal-node'/m, []],
    [
      "OpenTelemetry's SDK before it is asked for",
      /^import (?!type )[^;]*'(?:@opentelemetry\/(?!api')|[./\w]*\/sdk\/)/m,
      own.filter((file) => file.startsWith('src/telemetry/sdk/')),
    ],
  ])('leave %s to the files that own it', (_what, pattern, owners) => {
    const users = own.filter((file) => pattern.test(textOf(file)));
    expect(users.filter((file) => !owners.includes(file))).toEqual([]);
  });

  it('are named after what they export', () => {
    const strays = own.filter((file) => /\/(index|utils|helpers|types|common)\.ts$/.test(file));
    expect(strays).toEqual([]);
  });
});
