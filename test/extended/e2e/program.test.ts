import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { addMutation, pageAnswer, pageInput } from '../../support/documents.ts';
import { type Program, startProgram } from '../../support/programs.ts';
import {
  type Answer,
  json,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scriptedServer.ts';

const started: Program[] = [];
const servers: ScriptedServer[] = [];

function start(environment: Record<string, string> = {}): Program {
  const program = startProgram(environment);
  started.push(program);
  return program;
}

const urlOf = async (program: Program): Promise<string> =>
  (await program.until(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/))[1] ?? '';

afterEach(async () => {
  for (const program of started.splice(0)) {
    program.kill('SIGKILL');
    await program.ended;
  }
  for (const server of servers.splice(0)) {
    await server.close();
  }
});

async function startGraph(...script: Answer[]): Promise<string> {
  const server = await startScriptedServer(...script);
  servers.push(server);
  return server.url.href;
}

async function post(url: string, body: string): Promise<{ status: number; result: unknown }> {
  const answer = await request(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer embedded-graph-token',
      connection: 'close',
    },
    body,
  });
  return { status: answer.statusCode, result: await answer.body.json() };
}

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

describe('the program', () => {
  it("answers the reference page's example on its embedded Graph, and says who answers", async () => {
    const program = start();
    const url = await urlOf(program);
    const body = JSON.stringify({ query: addMutation, variables: { input: pageInput } });
    const { status, result } = await post(url, body);
    expect(status).toBe(200);
    expect(result).toEqual({
      data: {
        addComplianceManagementPartner: {
          complianceManagementPartner: { ...pageAnswer, id: expect.any(String) },
          userErrors: [],
        },
      },
    });
    expect(program.output()).toContain('the EMBEDDED GRAPH answers');
  });

  it("answers the README's request as the page has it", async () => {
    const url = await urlOf(start());
    const body = /<<'JSON'\n([\s\S]*?)\nJSON\n/.exec(readme)?.[1] ?? '';
    const { result } = await post(url, body);
    expect(result).toMatchObject({
      data: {
        addComplianceManagementPartner: {
          complianceManagementPartner: { ...pageAnswer, revision: expect.any(String) },
          userErrors: [],
        },
      },
    });
  });

  it('prints a first mutation that can be sent as it is', async () => {
    const program = start();
    const [, url = '', body = ''] = await program.until(
      /curl -s (\S+)\/graphql [\s\S]*?-d '([^']*)'\n/,
    );
    const { result } = await post(url, body);
    expect(result).toMatchObject({
      data: {
        addComplianceManagementPartner: {
          complianceManagementPartner: {
            lastHeartbeatDateTime: pageInput.lastHeartbeatDateTime,
            macOsEnrollmentAssignments: pageAnswer.macOsEnrollmentAssignments.map(() => ({
              target: { __typename: 'AllLicensedUsersAssignmentTarget' },
            })),
          },
          userErrors: [],
        },
      },
    });
  });

  it('takes many operations at once without a warning of the runtime', async () => {
    const program = start({
      // A busy machine makes the event loop late.
      SHED_EVENT_LOOP_DELAY_MS: '0',
      GRAPH_BASE_URL: await startGraph((response, seen) => {
        setTimeout(() => json(200, { value: [] })(response, seen), 50);
      }),
    });
    const url = await urlOf(program);
    const body = JSON.stringify({ query: '{ complianceManagementPartners { totalCount } }' });
    const answers = await Promise.all(Array.from({ length: 40 }, () => post(url, body)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(program.output()).not.toMatch(/warning/i);
  });

  it('lists everything that is wrong with its configuration, and ends with 78', async () => {
    const program = start({ PORT: 'high', GRAPH_CLOUD: 'moon', AUTH_MODE: 'trust' });
    expect(await program.ended).toEqual({ code: 78, signal: null });
    for (const name of ['PORT', 'GRAPH_CLOUD', 'AUTH_MODE']) {
      expect(program.output()).toContain(name);
    }
  });

  it('rejects to invent data in production', async () => {
    const program = start({ NODE_ENV: 'production' });
    expect(await program.ended).toEqual({ code: 78, signal: null });
    expect(program.output()).toContain('GRAPH_CLOUD is missing');
  });

  it('says which address is taken, and ends with 1', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const program = start({ PORT: String(port) });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.output()).toContain(`cannot listen at 127.0.0.1:${port}`);
    await new Promise((resolve) => server.close(resolve));
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends in order with 0 at %s', async (signal) => {
    const program = start({ DRAIN_DELAY_MS: '50' });
    await urlOf(program);
    program.kill(signal);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.output()).toContain('"message":"Stopped"');
  });

  it("says that the embedded Graph's port is taken, and which variable names it", async () => {
    const taken = await startGraph(json(200, {}));
    const program = start({ EMULATOR_PORT: new URL(taken).port });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.output()).toMatch(
      /The gateway could not start: the embedded Graph cannot listen at 127\.0\.0\.1:\d+ \(EADDRINUSE\); set EMULATOR_PORT/,
    );
  });

  it.each([
    ['AZURE_CLIENT_CERTIFICATE_PATH', 'client certificate'],
    ['AZURE_FEDERATED_TOKEN_FILE', 'federated token'],
  ])(
    'does not start where the file that %s names is not there, and ends with 78',
    async (variable, what) => {
      const program = start({
        GRAPH_CLOUD: 'global',
        AUTH_MODE: 'on-behalf-of',
        AZURE_TENANT_ID: '11111111-1111-4111-8111-111111111111',
        AZURE_CLIENT_ID: '22222222-2222-4222-8222-222222222222',
        [variable]: '/nowhere/at/all',
      });
      expect(await program.ended).toEqual({ code: 78, signal: null });
      expect(program.output()).toContain(
        `${variable} cannot be used: The file with the ${what} cannot be read (ENOENT).`,
      );
    },
  );
});
