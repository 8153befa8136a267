import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Program, startProgram } from '../../support/programs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Microsoft's own client as it is, in a process that trusts the certificate as the manual says. */
const client = `
  import { Client } from '@microsoft/microsoft-graph-client';
  const root = new URL(process.env.GRAPH_ROOT);
  const client = Client.initWithMiddleware({
    baseUrl: root.href,
    customHosts: new Set([root.hostname]),
    defaultVersion: 'beta',
    authProvider: { getAccessToken: async () => 'embedded-graph-token' },
  });
  const path = '/deviceManagement/complianceManagementPartners';
  const added = await client.api(path).post({ displayName: 'Over TLS' });
  const { value } = await client.api(path).get();
  console.log(value.find(({ id }) => id === added.id).displayName);
`;

function runClient(environment: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const args = ['--input-type=module', '--eval', client];
    const options = { cwd: root, env: environment };
    execFile(process.execPath, args, options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

let program: Program;

afterEach(async () => {
  program.kill('SIGKILL');
  await program.ended;
});

describe('the embedded Graph over TLS', () => {
  it("serves Microsoft's own client once that trusts the certificate in the log", async () => {
    program = startProgram({ EMULATOR_TLS: 'true' });
    const [, file = ''] = await program.until(/"file":"([^"]+certificate\.pem)"/);
    const [, GRAPH_ROOT = ''] = await program.until(
      /It listens at (https:\/\/127\.0\.0\.1:\d+\/) /,
    );
    expect(await runClient({ GRAPH_ROOT, NODE_EXTRA_CA_CERTS: file })).toBe('Over TLS\n');
    expect(await runClient({ GRAPH_ROOT })).toMatch(/self-signed certificate|fetch failed/);
  });
});
