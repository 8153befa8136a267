import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { addMutation, pageAnswer, pageInput } from '../../support/documents.ts';
import { findFreePort } from '../../support/freePort.ts';
import { until } from '../../support/until.ts';
import { buildImage } from './buildImage.ts';
import { imageOf, readDockerfile } from './readDockerfile.ts';
import { addNode, type Container, canRunContainers, runContainer } from './runContainer.ts';

const describeImage = canRunContainers ? describe : describe.skip;
if (!canRunContainers) {
  process.stderr.write('Not Linux, or not root: the test of the container image is left out.\n');
}

const stages = readDockerfile(new URL('../../../Dockerfile', import.meta.url));
const image = imageOf(stages);

describeImage('the container image', () => {
  let folder: string;
  let root: string;
  const started: Container[] = [];

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/image-');
    execFileSync('chmod', ['0755', folder]);
    root = await buildImage(stages, folder);
    process.stderr.write(`Image beside its base: ${mebibytesOf(root)} MiB\n`);
    addNode(image, root);
  }, 600_000);

  afterEach(async () => {
    for (const container of started.splice(0)) {
      try {
        container.kill('SIGKILL');
      } catch {
        // It has ended by itself.
      }
      await container.ended;
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(
    environment: Record<string, string>,
    program: readonly string[] = [...image.entrypoint, ...image.command],
  ) {
    const container = runContainer(image, root, program, environment);
    started.push(container);
    return container;
  }

  async function startReady(environment: Record<string, string> = {}) {
    const port = String(await findFreePort());
    const startedAtMs = performance.now();
    const container = start({ GRAPH_CLOUD: 'emulator', PORT: port, ...environment });
    const url = `http://127.0.0.1:${port}`;
    await until(async () => {
      const answer = await request(`${url}/readyz`).catch(() => undefined);
      await answer?.body.dump();
      return answer?.statusCode === 200;
    });
    return { container, port, url, readyMs: Math.round(performance.now() - startedAtMs) };
  }

  it('holds what runs and nothing else', () => {
    expect(readdirSync(join(root, 'app')).sort()).toEqual([
      'LICENSE',
      'dist',
      'node_modules',
      'package.json',
      'schema',
    ]);
    const modules = readdirSync(join(root, 'app', 'node_modules'));
    expect(modules).toEqual(expect.arrayContaining(['@apollo', 'fastify', 'undici']));
    expect(
      modules.filter((name) => ['typescript', 'jest', '@biomejs', '@swc'].includes(name)),
    ).toEqual([]);
  });

  it('belongs to root, and nobody else may write into it', () => {
    const find = (...conditions: string[]) =>
      execFileSync('find', [join(root, 'app'), ...conditions], { encoding: 'utf8' });
    expect(find('!', '-uid', '0')).toBe('');
    expect(find('!', '-type', 'l', '-perm', '/022')).toBe('');
  });

  it('answers the mutation without rights, in a tree that nobody can write to, and drains at SIGTERM', async () => {
    const before = listing(root);
    const { container, url, port, readyMs } = await startReady({ DRAIN_DELAY_MS: '300' });
    const status = readFileSync(`/proc/${container.pid()}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Groups:\t\s*$/m);
    expect(status).toMatch(/^CapEff:\t0{16}$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    const environment = readFileSync(`/proc/${container.pid()}/environ`, 'utf8').split('\0');
    expect(environment.filter((entry) => entry !== '').sort()).toEqual(
      [
        'DRAIN_DELAY_MS=300',
        'GRAPH_CLOUD=emulator',
        'HOST=0.0.0.0',
        'NODE_ENV=production',
        `PORT=${port}`,
      ].sort(),
    );

    const { statusCode, body } = await request(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer embedded-graph-token' },
      body: JSON.stringify({ query: addMutation, variables: { input: pageInput } }),
    });
    expect(statusCode).toBe(200);
    expect(await body.json()).toMatchObject({
      data: {
        addComplianceManagementPartner: {
          complianceManagementPartner: { ...pageAnswer, id: expect.any(String) },
        },
      },
    });
    const residentMiB = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    process.stderr.write(`Ready after ${readyMs} ms, idle with ${residentMiB.toFixed(1)} MiB\n`);
    expect(residentMiB).toBeLessThan(120);

    container.kill('SIGTERM');
    expect(await container.ended).toBe(0);
    expect(container.output()).toContain('"message":"Stopped"');
    expect(listing(root)).toEqual(before);
  });

  it('cannot write anywhere', async () => {
    const script =
      "for (const place of ['/x', '/app/x', '/tmp/x', '/app/dist/main.js']) try { fs.writeFileSync(place, ''); console.log('wrote', place); } catch ({ code }) { console.log(code); }";
    const container = start({}, ['/usr/local/bin/node', '--eval', script]);
    expect(await container.ended).toBe(0);
    expect(container.output().trim().split('\n')).toEqual(['EROFS', 'EROFS', 'ENOENT', 'EROFS']);
  });

  it('is found healthy while it lives, and unhealthy where nothing listens', async () => {
    const { port } = await startReady();
    const [healthy, lost] = [port, '1'].map((PORT) => start({ PORT }, image.healthCheck));
    expect(await healthy?.ended).toBe(0);
    expect(await lost?.ended).toBe(1);
  });

  it('does not invent data by itself: without a cloud it ends with 78', async () => {
    const container = start({});
    expect(await container.ended).toBe(78);
    expect(container.output()).toContain('GRAPH_CLOUD is missing');
  });

  it('brings the doctor', async () => {
    const container = start({ GRAPH_CLOUD: 'emulator' }, [...image.entrypoint, 'dist/doctor.js']);
    expect(await container.ended).toBe(0);
    expect(container.output()).toMatch(/^ok {7}configuration/);
  });
});

/** Every file with what would tell that it was written. */
function listing(root: string): readonly string[] {
  const files = readdirSync(join(root, 'app'), { recursive: true, encoding: 'utf8' });
  return files.map((file) => {
    const { size, mtimeMs, mode } = statSync(join(root, 'app', file));
    return `${file} ${size} ${mtimeMs} ${mode}`;
  });
}

function mebibytesOf(path: string): number {
  const [kibibytes] = execFileSync('du', ['-sk', path], { encoding: 'utf8' }).split('\t');
  return Math.round(Number(kibibytes) / 1024);
}
