import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const src = fileURLToPath(new URL('../../src', import.meta.url));

interface Rule {
  /** Files and folders of `src` that the layer may import, itself included. */
  readonly own: readonly string[];
  readonly packages: readonly string[];
}

/** Who may import whom. The first rule whose path a file lies under counts, so special files come first. */
const rules: Readonly<Record<string, Rule>> = {
  'clock.ts': { own: [], packages: [] },
  'secret.ts': { own: [], packages: [] },
  'untilAborted.ts': { own: [], packages: [] },
  'jsonProblem.ts': { own: [], packages: [] },
  'embeddedGraphToken.ts': { own: [], packages: [] },
  'surroundings.ts': {
    own: ['clock.ts', 'telemetry/log.ts', 'telemetry/measurements.ts'],
    packages: [],
  },
  'banner.ts': { own: ['embeddedGraphToken.ts'], packages: [] },
  config: { own: ['config', 'secret.ts'], packages: [] },
  'telemetry/log.ts': { own: [], packages: [] },
  'telemetry/measurements.ts': { own: [], packages: [] },
  telemetry: { own: ['telemetry'], packages: ['pino', '@opentelemetry/api'] },
  'generated/graphql.ts': { own: [], packages: [] },
  generated: {
    own: [
      'generated',
      'mapping/partnerModel.ts',
      'resolvers/context.ts',
      'resolvers/describeViewer.ts',
    ],
    packages: ['graphql'],
  },
  'graph/pipeline/transport/undiciSend.ts': { own: ['graph'], packages: ['undici'] },
  'graph/pipeline/transport/connections.ts': {
    own: ['graph/pipeline/transport'],
    packages: ['undici', 'node:tls'],
  },
  'graph/pipeline/transport': {
    own: ['graph', 'jsonProblem.ts', 'untilAborted.ts'],
    packages: ['node:buffer', 'node:util', 'node:zlib'],
  },
  'graph/pipeline': {
    own: ['graph', 'clock.ts', 'telemetry/log.ts', 'telemetry/measurements.ts', 'secret.ts'],
    packages: ['cockatiel', 'lru-cache', 'node:crypto'],
  },
  'graph/budget': {
    own: ['graph', 'clock.ts', 'secret.ts', 'telemetry/log.ts'],
    packages: ['ioredis', 'rate-limiter-flexible'],
  },
  graph: {
    own: [
      'graph',
      'clock.ts',
      'secret.ts',
      'telemetry/log.ts',
      'telemetry/measurements.ts',
      'untilAborted.ts',
    ],
    packages: [],
  },
  'identity/outbound/authority/tokenTransport.ts': {
    own: ['graph/errors.ts', 'graph/json.ts', 'graph/pipeline/transport/networkError.ts'],
    packages: ['undici', 'node:tls', 'node:util'],
  },
  'identity/outbound': {
    own: [
      'identity/outbound',
      'graph/credentials.ts',
      'graph/errors.ts',
      'graph/json.ts',
      'graph/pauseFor.ts',
      'graph/untilEnded.ts',
      'graph/pipeline/pipeline.ts',
      'graph/pipeline/retry/retryAfter.ts',
      'secret.ts',
      'clock.ts',
      'telemetry/log.ts',
    ],
    packages: ['@azure/msal-node', 'lru-cache', 'node:crypto', 'node:fs', 'node:util'],
  },
  'identity/keys/documentClient.ts': {
    own: ['identity', 'clock.ts', 'untilAborted.ts', 'graph/json.ts', 'jsonProblem.ts'],
    packages: ['undici', 'node:buffer', 'node:tls'],
  },
  identity: {
    own: [
      'identity',
      'graph/credentials.ts',
      'graph/errors.ts',
      'graph/pipeline/pipeline.ts',
      'graph/pipeline/tenantKeys.ts',
      'clock.ts',
      'secret.ts',
      'telemetry/log.ts',
      'untilAborted.ts',
      'graph/json.ts',
      'jsonProblem.ts',
    ],
    packages: ['jose', 'node:buffer', 'node:crypto'],
  },
  mapping: {
    own: [
      'mapping',
      'generated/graphql.ts',
      'graph/resource.ts',
      'graph/partnerSource.ts',
      'graph/apiVersion.ts',
      'graph/partnerId.ts',
    ],
    packages: ['node:crypto'],
  },
  selection: {
    own: ['selection', 'mapping', 'generated/graphql.ts', 'graph/resource.ts'],
    packages: [],
  },
  resolvers: {
    own: [
      'resolvers',
      'selection',
      'mapping',
      'generated',
      'graph',
      'identity/createAuthorizer.ts',
      'identity/identityError.ts',
    ],
    packages: ['dataloader', 'graphql', 'graphql-scalars', 'lru-cache', 'node:crypto'],
  },
  'server/trusted/loadTrustedDocuments.ts': {
    own: ['server/trusted'],
    packages: ['node:fs'],
  },
  server: {
    own: [
      'server',
      'resolvers',
      'telemetry/log.ts',
      'telemetry/measurements.ts',
      'jsonProblem.ts',
      'graph/json.ts',
      'clock.ts',
      'secret.ts',
      'graph/client.ts',
      'graph/apiVersion.ts',
      'graph/pipeline/pipeline.ts',
      'generated/graphql.ts',
      'identity/createAuthorizer.ts',
    ],
    packages: [
      'graphql',
      '@apollo/server',
      '@graphql-tools/schema',
      'fastify',
      'lru-cache',
      'secure-json-parse',
      'node:buffer',
      'node:crypto',
      'node:fs',
      'node:stream',
    ],
  },
  'metadata/readXml.ts': { own: ['metadata/notMetadataError.ts'], packages: ['saxes'] },
  metadata: {
    own: [
      'metadata',
      'mapping/assignmentTarget.ts',
      'mapping/partnerState.ts',
      'graph/apiVersion.ts',
      'graph/resource.ts',
    ],
    packages: [],
  },
  emulator: { own: ['emulator', 'graph/resource.ts', 'clock.ts'], packages: ['fastify', 'node:'] },
  'identityMode.ts': {
    own: ['config', 'graph', 'identity', 'surroundings.ts'],
    packages: [],
  },
  'upstream.ts': {
    own: [
      'identityMode.ts',
      'clock.ts',
      'config',
      'embeddedGraphToken.ts',
      'emulator/startEmulator.ts',
      'graph',
      'surroundings.ts',
    ],
    packages: [],
  },
  'loadTrusted.ts': { own: ['config', 'server/trusted'], packages: ['graphql'] },
  'gateway.ts': {
    own: [
      'loadTrusted.ts',
      'identityMode.ts',
      'upstream.ts',
      'surroundings.ts',
      'clock.ts',
      'config',
      'resolvers/knownPartnerIds.ts',
      'resolvers/noteIds.ts',
      'resolvers/partnerLocks.ts',
      'server',
    ],
    packages: ['fastify', 'node:events', 'node:net'],
  },
  'drift.ts': { own: ['metadata/driftCommand.ts'], packages: ['node:fs/promises'] },
  'createGateway.ts': {
    own: ['clock.ts', 'config', 'gateway.ts', 'surroundings.ts', 'telemetry'],
    packages: ['node:crypto', '@opentelemetry/api'],
  },
  'main.ts': {
    own: ['banner.ts', 'config', 'createGateway.ts', 'telemetry'],
    packages: [],
  },
  'doctor/probes/probeEndpoint.ts': {
    own: ['doctor/probes', 'graph/json.ts'],
    packages: ['undici', 'node:dns/promises', 'node:net', 'node:tls'],
  },
  'doctor/probes': {
    own: [
      'doctor/probes',
      'clock.ts',
      'config',
      'embeddedGraphToken.ts',
      'graph/errors.ts',
      'graph/tokenClaims.ts',
      'identity',
      'identityMode.ts',
      'secret.ts',
      'surroundings.ts',
      'untilAborted.ts',
    ],
    packages: ['ioredis', 'node:crypto', 'node:fs/promises'],
  },
  doctor: {
    own: [
      'doctor',
      'config',
      'graph/errorBody.ts',
      'graph/json.ts',
      'graph/requiredScopes.ts',
      'graph/routes.ts',
      'secret.ts',
      'surroundings.ts',
    ],
    packages: ['node:util'],
  },
  'doctor.ts': {
    own: ['clock.ts', 'doctor/doctorCommand.ts', 'telemetry'],
    packages: ['@opentelemetry/api', 'node:fs/promises', 'node:stream/consumers'],
  },
  artifacts: { own: ['artifacts', 'server/schema.ts'], packages: ['graphql', 'node:fs'] },
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split('\\').join('/'));

function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(src, file), 'utf8'), true, true);
  return importedFiles.map(({ fileName }) =>
    fileName.startsWith('.') ? posix.join(dirname(file), fileName) : fileName,
  );
}

const isUnder = (path: string, parent: string): boolean =>
  path === parent || path.startsWith(parent.endsWith(':') ? parent : `${parent}/`);

function ruleOf(file: string): Rule | undefined {
  const key = Object.keys(rules).find((path) => isUnder(file, path));
  return key === undefined ? undefined : rules[key];
}

describe('imports', () => {
  it.each(files)('%s lies in a layer and imports only what the layer may', (file) => {
    const rule = ruleOf(file);
    expect(rule).toBeDefined();
    const allowed = [...(rule?.own ?? []), ...(rule?.packages ?? [])];
    const strays = importsOf(file).filter(
      (path) => !allowed.some((parent) => isUnder(path, parent)),
    );
    expect(strays).toEqual([]);
  });

  it('never lead back to where they began', () => {
    const graph = new Map(
      files.map((file) => [file, importsOf(file).filter((path) => path.endsWith('.ts'))]),
    );
    const finished = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        circles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
        return;
      }
      if (!finished.has(file)) {
        for (const next of graph.get(file) ?? []) {
          visit(next, [...trail, file]);
        }
        finished.add(file);
      }
    };
    for (const file of files) {
      visit(file, []);
    }
    expect(circles).toEqual([]);
  });
});
