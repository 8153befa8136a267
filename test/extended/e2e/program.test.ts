import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { useClosing } from '../../support/closing.ts';
import { addMutation, pageAnswer, pageInput } from '../../support/documents.ts';
import { type Program, postTo, startProgram } from '../../support/programs.ts';
import { type Answer, json, startScriptedServer } from '../../support/scriptedServer.ts';

const closeLater = useClosing();

function start(environment: Record<string, string> = {}): Program {
  const program = startProgram(environment);
  closeLater(program.end);
  return program;
}

async function startGraph(...script: Answer[]): Promise<string> {
  const server = await startScriptedServer(...script);
  closeLater(server.close);
  return server.url.href;
}

async function post(url: string, body: string | object): Promise<unknown> {
  const { status, text } = await postTo(url, body);
  expect(status).toBe(200);
  return JSON.parse(text);
}

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

describe('the program', () => {
  it("answers the reference page's example on its embedded Graph, and says who answers", async () => {
    const program = start();
    const body = { query: addMutation, variables: { input: pageInput } };
    expect(await post(await program.url(), body)).toEqual({
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
    const body = /<<'JSON'\n([\s\S]*?)\nJSON\n/.exec(readme)?.[1] ?? '';
    expect(await post(await start().url(), body)).toMatchObject({
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
    expect(await post(url, body)).toMatchObject({
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
    const url = await program.url();
    const body = { query: '{ complianceManagementPartners { totalCount } }' };
    await Promise.all(Array.from({ length: 40 }, () => post(url, body)));
    expect(program.output()).not.toMatch(/warning/i);
  });

  it.each<[string, Record<string, string>, string[]]>([
    [
      'everything that is wrong with its configuration',
      { PORT: 'high', GRAPH_CLOUD: 'moon', AUTH_MODE: 'trust' },
      ['PORT', 'GRAPH_CLOUD', 'AUTH_MODE'],
    ],
    [
      'that it does not invent data in production',
      { NODE_ENV: 'production' },
      ['GRAPH_CLOUD is missing'],
    ],
  ])('says %s, and ends with 78', async (_what, environment, told) => {
    const program = start(environment);
    expect(await program.ended).toEqual({ code: 78, signal: null });
    for (const text of told) {
      expect(program.output()).toContain(text);
    }
  });

  it.each([
    ['PORT', /cannot listen at 127\.0\.0\.1:\d+/],
    [
      'EMULATOR_PORT',
      /The gateway could not start: the embedded Graph cannot listen at 127\.0\.0\.1:\d+ \(EADDRINUSE\); set EMULATOR_PORT/,
    ],
  ])('says which address of %s is taken, and ends with 1', async (variable, told) => {
    const { port } = new URL(await startGraph(json(200, {})));
    const program = start({ [variable]: port });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.output()).toMatch(told);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends in order with 0 at %s', async (signal) => {
    const program = start({ DRAIN_DELAY_MS: '50' });
    await program.url();
    program.kill(signal);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.output()).toContain('"message":"Stopped"');
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
