import type { ImportRules } from './importRule.ts';

/** What everyone needs, and everything below the mapping: the way to Graph, and identity. */
export const lowerLayers: ImportRules = {
  'clock.ts': { own: [], packages: [] },
  'secret.ts': { own: [], packages: [] },
  'untilAborted.ts': { own: [], packages: [] },
  'jsonProblem.ts': { own: [], packages: [] },
  'embeddedGraphToken.ts': { own: [], packages: [] },
  'surroundings.ts': {
    own: ['clock.ts', 'telemetry/log.ts', 'telemetry/measurements.ts', 'telemetry/trail.ts'],
    packages: [],
  },
  'banner.ts': { own: ['embeddedGraphToken.ts'], packages: [] },
  config: { own: ['config', 'secret.ts'], packages: [] },
  'telemetry/log.ts': { own: [], packages: [] },
  'telemetry/measurements.ts': { own: [], packages: [] },
  'telemetry/trail.ts': { own: ['telemetry/log.ts'], packages: [] },
  'telemetry/telemetryParts.ts': { own: ['telemetry/log.ts', 'clock.ts'], packages: [] },
  'telemetry/sdk': {
    own: ['telemetry', 'config'],
    packages: ['@opentelemetry', 'node:fs', 'node:http', 'node:net'],
  },
  'telemetry/startTelemetry.ts': {
    own: ['telemetry', 'clock.ts', 'config/telemetryConfig.ts'],
    packages: ['@opentelemetry/api'],
  },
  'telemetry/boundedSink.ts': { own: ['clock.ts'], packages: ['node:stream'] },
  'telemetry/standardOutput.ts': {
    own: ['clock.ts', 'telemetry/boundedSink.ts'],
    packages: [],
  },
  telemetry: {
    own: [
      'telemetry/standardOutput.ts',
      'telemetry/log.ts',
      'telemetry/measurements.ts',
      'telemetry/trail.ts',
      'telemetry/errorType.ts',
      'telemetry/knownMethod.ts',
      'telemetry/traceContext.ts',
    ],
    packages: ['pino', '@opentelemetry/api'],
  },
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
    own: [
      'graph',
      'clock.ts',
      'telemetry/log.ts',
      'telemetry/measurements.ts',
      'telemetry/trail.ts',
      'secret.ts',
    ],
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
      'telemetry/trail.ts',
    ],
    packages: [
      '@azure/msal-node',
      'lru-cache',
      'node:crypto',
      'node:events',
      'node:fs',
      'node:util',
    ],
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
};
