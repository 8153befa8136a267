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
let folder: string;

beforeAll(async () => {
  graph = await startTestGraph();
  folder = await mkdtemp(join(tmpdir(), 'drift-'));
});

afterAll(async () => {
  await graph.close();
  await rm(folder, { recursive: true });
});

async function download(version: 'beta' | 'v1.0', change = (xml: string) => xml): Promise<string> {
  const { body } = await request(`${graph.baseUrl}/${version}/$metadata`);
  const file = join(folder, `${version}.xml`);
  await writeFile(file, change(await body.text()));
  return file;
}

function drift(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { cwd: root };
    execFile(process.execPath, ['dist/drift.js', ...args], options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe('the drift program', () => {
  it('ends with 1 and says what a new Graph has', async () => {
    const file = await download('beta', (xml) =>
      xml.replace('Name="displayName"', 'Name="name" Type="Edm.String" /><Property $&'),
    );
    const { code, stdout } = await drift(file);
    expect(stdout).toContain('- complianceManagementPartner has a property');
    expect(stdout).toContain('name (Edm.String, nullable)');
    expect(code).toBe(1);
  });
});
