/** @jest-environment ./test/support/knownDeviations.mjs */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { defineIntegrationTestSuite } from '@apollo/server-integration-testsuite';
import { describe } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { createAdmission } from '../../src/graphql/admission.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { startLogTrace } from '../../src/telemetry/trace.ts';
import { silentLog } from '../support/logs.ts';
import { noMeasurements } from '../support/measurements.ts';

const config = readConfig({ EXPLORER: 'off' });
const common = { ...config, log: silentLog, measurements: noMeasurements };
const admit = createAdmission({ ...common, trusted: undefined });

describe("Apollo's own suite for HTTP integrations, over this gateway's HTTP", () => {
  defineIntegrationTestSuite(async (apolloConfig, options) => {
    const server = new ApolloServer(apolloConfig);
    await server.start();
    const app = await createHttpServer({
      ...common,
      clock: systemClock,
      // Some of the suite's servers take batches; this gateway's never gets to see one.
      admit: (request) =>
        Array.isArray(request.body) ? { ...request, inexactVariables: [] } : admit(request),
      apollo: server,
      contextOf: async () => (await options?.context?.()) ?? {},
      sdl: '',
      phase: { current: 'running' },
      canJudgeCallers: () => true,
      newId: () => 'id',
      startTrace: startLogTrace,
    });
    await app.ready();
    // The suite asks at the root.
    const door = createServer((request, response) => {
      request.url = request.url?.replace(/^\/(?=\?|$)/, '/graphql');
      app.routing(request, response);
    });
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
    const { port } = door.address() as AddressInfo;
    return {
      server,
      url: `http://127.0.0.1:${port}`,
      extraCleanup: async () => {
        door.close();
        door.closeAllConnections();
        await app.close();
      },
    };
  });
});
