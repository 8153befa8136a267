import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { Emulator } from '../../../src/emulator/server.ts';
import { startTestGraph } from '../../support/testGraphs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let graph: Emulator;
beforeAll(async () => {
  graph = await startTestGraph();
});
afterAll(() => graph.close());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: string[], env = {}, input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const onEnd = (error: { code?: unknown } | null, stdout: string, stderr: string): void =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    const child = execFile(process.execPath, [program, ...args], { cwd: root, env }, onEnd);
    child.stdin?.end(input);
  });
}

const doctor = (env: Record<string, string>, args: string[] = [], input = ''): Promise<Ended> =>
  run('dist/doctor.js', args, env, input);

describe('the doctor program', () => {
  it('ends with 0 where nothing is wrong', async () => {
    const { code, stdout, stderr } = await doctor({ GRAPH_BASE_URL: graph.baseUrl });
    expect(stdout).toMatch(/^ok {7}configuration {2}It can be used: /);
    expect(stdout).toMatch(/\n0 wrong, \d doubtful, \d fine\n$/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('ends with 1 where something is wrong, with a report that programs can read', async () => {
    const environment = { GRAPH_BASE_URL: 'http://127.0.0.1:1' };
    const { code, stdout } = await doctor(environment, ['--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      exitCode: 1,
      findings: expect.arrayContaining([
        expect.objectContaining({ check: 'graph', severity: 'problem' }),
      ]),
    });
    expect(code).toBe(1);
  });

  it('ends with 78 where the configuration cannot be used', async () => {
    const { code, stdout } = await doctor({ NODE_ENV: 'production', PORT: '-1' });
    expect(stdout).toContain('problem  configuration  GRAPH_CLOUD is missing');
    expect(stdout).toContain('problem  configuration  PORT is "-1"');
    expect(code).toBe(78);
  });

  it('ends with 64 and nothing on standard output where a token is an argument', async () => {
    const { code, stdout, stderr } = await doctor({}, ['--token', 'canary-token']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('Usage: compliance-partner-gateway doctor');
    expect(stderr).not.toContain('canary-token');
  });

  it('judges a token from standard input without showing it', async () => {
    const claims = Buffer.from(
      '{"aud":"canary-audience","scp":"canary-scope","tid":"canary-tenant"}',
    );
    const token = `eyJhbGciOiJub25lIn0.${claims.toString('base64url')}.canary-signature`;
    const { code, stdout, stderr } = await doctor(
      { GRAPH_BASE_URL: graph.baseUrl },
      ['--token-file', '-'],
      token,
    );
    expect(stdout).toContain('problem  token          It is not for Microsoft Graph');
    expect(code).toBe(1);
    for (const secret of ['canary', ...token.split('.')]) {
      expect(stdout + stderr).not.toContain(secret);
    }
  });
});

describe('the drift program', () => {
  it('ends with 1 and says what a new Graph has', async () => {
    const { body } = await request(`${graph.baseUrl}/beta/$metadata`);
    const more = 'Name="name" Type="Edm.String" /><Property $&';
    const folder = await mkdtemp(join(tmpdir(), 'drift-'));
    const file = join(folder, 'beta.xml');
    await writeFile(file, (await body.text()).replace('Name="displayName"', more));
    const { code, stdout } = await run('dist/drift.js', [file]);
    await rm(folder, { recursive: true });
    expect(stdout).toContain('- complianceManagementPartner has a property');
    expect(stdout).toContain('name (Edm.String, nullable)');
    expect(code).toBe(1);
  });
});
