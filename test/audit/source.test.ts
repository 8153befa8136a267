import { describe, expect, it } from '@jest/globals';
import { type ASTNode, type DefinitionNode, Kind, parse, print, visit } from 'graphql';
import semver from 'semver';
import { filesBelow, pageText } from '../support/documentPages.ts';

const generated =
  /^(?:src\/generated|schema\/dist|examples\/consumer\/src\/gql|test\/fixtures)\/|\/(?:\.build|node_modules)\//;
const files = ['src', 'tools', 'test', 'bench', 'schema', 'examples/consumer/src']
  .flatMap(filesBelow)
  .filter((file) => /\.(tsx?|graphql)$/.test(file) && !generated.test(file));
const texts = new Map(files.map((file) => [file, pageText(file)]));
const textOf = (file: string): string => texts.get(file) ?? '';
/** What runs in browsers has no other time and network than theirs. */
const own = files.filter((file) => file.startsWith('src/') && !file.startsWith('src/explorer/'));

/** Why a file is longer than 300 lines and not two files. */
const reasonsForLength: Readonly<Record<string, string>> = {
  'src/config/readers.ts': 'All kinds of variables, which the one table of variables names.',
  'src/config/variables.ts': 'The one table of variables.',
  'src/doctor/endpoint.ts': 'A probe and its judgement stay together.',
  'src/emulator/model.ts':
    'The properties, their rules and the metadata that is derived from both.',
  'src/graph/readRefusal.ts': 'One decision with its tables of messages.',
  'src/graphql/answer.ts': 'The bounds of an answer and the printing that counts against them.',
  'src/graphql/context.ts': 'All of a request that operations need, read once.',
  'src/graphql/documents.ts': 'One lookup: a text and everything that is kept under it.',
  'src/graphql/plan/plan.ts': 'A plan and the printers that it is compiled to.',
  'src/graphql/trusted.ts': 'The forms of manifests, read by the same rules.',
  'src/partners/changePartner.ts':
    'All changes to a partner that is there, so that they keep one shape.',
  'src/partners/outcomeStore.ts': 'Memory and Redis keep the same promise.',
  'src/partners/partnerMapping.ts': 'The mapping in both directions.',
  'src/shared/json.ts': 'One strict reader of JSON with its passes.',
};

const replacedNames =
  /\b(letIn|upstreamVerdict|hideToken|cutPage|foldText|untilAborted|pauseFor|endedError|unbelievable|doubledHeader|knownPartnerIds|noteIds|lookForAdded|isWhatWasAdded|heldBack|underWay|surroundings|wasTurnedAway)\b/;

/** Written so that this file has none of them. */
const waysAround =
  /(: ?|as |<)an[y]\b|@ts-(ig[n]ore|no[c]heck|expect[-]error)|biome[-]ignore|\b(FIX|TO)(ME|DO)\b/;

describe('source files', () => {
  const linesOf = (file: string): number => textOf(file).split('\n').length - 1;

  it('are short enough to read at once', () => {
    const tooLong = (file: string): boolean =>
      linesOf(file) >= (file.endsWith('.test.ts') ? 800 : 400);
    expect(files.filter(tooLong)).toEqual([]);
  });

  it('of the gateway have a reason for more than 300 lines', () => {
    const long = own.filter((file) => linesOf(file) > 300);
    expect(long.sort()).toEqual(Object.keys(reasonsForLength).sort());
  });

  it.each([
    ['doctor', 1_100],
    ['graphql/plan', 500],
    ['identity/outbound', 800],
  ])('keep the room %s at no more than %i lines', (room, most) => {
    const inRoom = own.filter((file) => file.startsWith(`src/${room}/`));
    expect(inRoom.length).toBeGreaterThan(0);
    expect(inRoom.reduce((sum, file) => sum + linesOf(file), 0)).toBeLessThanOrEqual(most);
  });

  it('of the gateway are at most 130', () => {
    expect(files.filter((file) => file.startsWith('src/')).length).toBeLessThanOrEqual(130);
  });

  it('use no name that the house has replaced, and are named after what they export', () => {
    expect(own.filter((file) => replacedNames.test(textOf(file)))).toEqual([]);
    const strays = own.filter((file) => /\/(index|utils|helpers|common)\.ts$/.test(file));
    expect(strays).toEqual([]);
  });

  it('have no way around the types', () => {
    const strays = files.flatMap((file) => {
      const lines = file.endsWith('.graphql') ? [] : textOf(file).split('\n');
      return lines.filter((line) => waysAround.test(line)).map((line) => `${file}: ${line}`);
    });
    expect(strays).toEqual([]);
  });

  // How long the work of this turn of the event loop took is nothing a test's clock can know, nor how late the real loop
  // is. A socket has an idea of its own of when it last got rid of a byte.
  const clocks = 'shared/clock shared/loopShare http/loadShedding http/connections';
  // The owner of a lease or of a key has to be another one in each process, whatever ids are injected there, and each
  // client assertion needs an id that no other one has.
  const ids = 'createGateway emulator/server identity/outbound/clientProof partners/leases';
  it.each([
    ['the process', /\bprocess\./, 'main program doctor telemetry/log'],
    ['time', /\bDate\.now\(|new Date\(\)|setTimeout\(|setInterval\(|performance\./, clocks],
    ['chance', /Math\.random|randomUUID|randomBytes/, `${ids} partners/outcomeStore`],
    ['the built-in fetch', /\bfetch\(/, ''],
    ['the console', /\bconsole\./, ''],
    [
      'the explorer and CORS before they are needed',
      /^import (?!type )[^;]*('@fastify\/cors'|\/explorer\.ts')/m,
      '',
    ],
    [
      "OpenTelemetry's SDK before it is asked for",
      /^import (?!type )[^;]*'(?:@opentelemetry\/(?!api')|[./\w]*\/(?:otel|prometheusReader)\w*\.ts')/m,
      'telemetry/otelMetrics telemetry/otelTraces telemetry/otlp',
    ],
  ])('leave %s to the files that own it', (_what, pattern, names) => {
    const owners = names.split(' ').map((name) => `src/${name}.ts`);
    const users = own.filter((file) => pattern.test(textOf(file)));
    expect(users.filter((file) => !owners.includes(file))).toEqual([]);
  });
});

interface LockedPackage {
  readonly resolved?: string;
  /** A folder of this repository instead of a download. */
  readonly link?: boolean;
  readonly optionalDependencies?: object;
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: boolean;
  readonly deprecated?: string;
}

describe.each(['.', 'bench', 'examples/consumer', 'examples/routers'])(
  '%s/package-lock.json',
  (folder) => {
    const { engines, allowScripts = {} } = JSON.parse(pageText(`${folder}/package.json`)) as {
      readonly engines: { readonly node: string };
      readonly allowScripts?: object;
    };
    const lockfile = JSON.parse(pageText(`${folder}/package-lock.json`)) as {
      readonly packages: Readonly<Record<string, LockedPackage>>;
    };
    const packages = Object.entries(lockfile.packages);
    const placesOf = (isMeant: (locked: LockedPackage) => unknown) =>
      packages.filter(([, locked]) => isMeant(locked)).map(([place]) => place);

    it('names no place to download from', () => {
      expect(placesOf(({ link, resolved }) => !link && resolved !== undefined)).toEqual([]);
    });

    it('holds the optional packages of all systems, because a clean install on another one is rejected else', () => {
      const missing = packages.flatMap(([place, { optionalDependencies = {} }]) =>
        Object.keys(optionalDependencies).filter(
          (name) =>
            !(`node_modules/${name}` in lockfile.packages) &&
            !(`${place}/node_modules/${name}` in lockfile.packages),
        ),
      );
      expect(missing).toEqual([]);
    });

    it('installs nothing that rejects a supported Node.js or that npm calls deprecated', () => {
      const lowest = semver.minVersion(engines.node)?.version ?? '';
      expect(lowest).toBe('20.19.0');
      const versions = [lowest, '22.22.0', '24.14.0', '26.0.0'];
      const isRejecting = ({ engines: asked, deprecated }: LockedPackage) =>
        deprecated !== undefined ||
        versions.some((version) => !semver.satisfies(version, asked?.node ?? '*'));
      expect(placesOf(isRejecting)).toEqual([]);
    });

    it('decides on each install script, because npm warns of every other', () => {
      const names = placesOf(({ hasInstallScript }) => hasInstallScript).map((place) =>
        place.slice(place.lastIndexOf('node_modules/') + 13),
      );
      expect(Object.keys(allowScripts).sort()).toEqual([...new Set(names)].sort());
    });
  },
);

const definitions: readonly DefinitionNode[] = files
  .filter((file) => /^schema\/[^/]*\.graphql$/.test(file))
  .flatMap((file) => parse(textOf(file)).definitions);

describe('the schema', () => {
  it('describes every type, field, argument, input field and enum value', () => {
    const undescribed: string[] = [];
    const element = /TypeDefinition$|^(?:Field|InputValue|EnumValue)Definition$/;
    const enter = (node: ASTNode): void => {
      if (element.test(node.kind) && 'description' in node && !node.description?.value) {
        undescribed.push(print(node));
      }
    };
    definitions.forEach((definition) => void visit(definition, { enter }));
    expect(undescribed).toEqual([]);
    expect(definitions.length).toBeGreaterThan(30);
  });

  const fieldsOf = (name: string) =>
    definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === name
        ? (definition.fields ?? [])
        : [],
    );

  it.each(['Query', 'Mutation'])('makes every field of %s nullable', (type) => {
    const fields = fieldsOf(type);
    expect(fields.length).toBeGreaterThan(2);
    const nonNull = fields.filter((field) => field.type.kind === Kind.NON_NULL_TYPE);
    expect(nonNull.map(({ name }) => name.value)).toEqual([]);
  });

  it('gives each mutation one input and a payload with user errors', () => {
    const mutations = fieldsOf('Mutation');
    expect(mutations.length).toBeGreaterThan(0);
    for (const mutation of mutations) {
      expect(mutation.type.kind).toBe(Kind.NAMED_TYPE);
      expect(mutation.arguments?.map(({ name }) => name.value)).toEqual(['input']);
      const pascal = mutation.name.value.replace(/^./, (letter) => letter.toUpperCase());
      expect(fieldsOf(`${pascal}Payload`).map(({ name }) => name.value)).toContain('userErrors');
    }
  });
});
