import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { createGateway, readConfig } from '../../src/createGateway.ts';
import { imageOf, readDockerfile } from '../extended/container/readDockerfile.ts';
import { at, base, kindOf } from '../extended/deploy/readManifests.ts';
import { silentLog } from '../support/logs.ts';
import { startProgram } from '../support/programs.ts';
import { sendRaw } from '../support/rawConnection.ts';
import { headOf, useStages } from '../support/stages.ts';

const { closeLater, embedded } = useStages();

const statusOf = async (url: string, method: 'GET' | 'POST' = 'GET'): Promise<number> => {
  const { statusCode, body } = await request(url, { method });
  await body.dump();
  return statusCode;
};

describe('what stands around the gateway', () => {
  it('[58] metrics port: metrics have a port of their own, and neither port answers for the other', async () => {
    const gateway = createGateway(
      readConfig({
        NODE_ENV: 'production',
        GRAPH_CLOUD: 'emulator',
        PORT: '0',
        OTEL_METRICS_EXPORTER: 'prometheus',
        OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
        OTEL_EXPORTER_PROMETHEUS_PORT: '0',
      }),
      { log: silentLog },
    );
    closeLater(() => gateway.stop());
    const { url, metricsUrl = '' } = await gateway.start();
    const metricsOrigin = new URL(metricsUrl).origin;
    expect(metricsOrigin).not.toBe(url);
    expect([await statusOf(`${url}/metrics`), await statusOf(metricsUrl)]).toEqual([404, 200]);
    for (const path of ['/graphql', '/livez', '/schema.graphql', '/', '/metrics/../graphql']) {
      expect([path, await statusOf(`${metricsOrigin}${path}`)]).toEqual([path, 404]);
    }
    expect(await statusOf(metricsUrl, 'POST')).toBe(404);
  });

  it('[59] slowloris: closes the connection of a caller that sends byte by byte, and delays no other', async () => {
    const times = { HEADERS_TIMEOUT_MS: '300', REQUEST_TIMEOUT_MS: '600' };
    const { gateway } = await embedded({}, { NODE_ENV: 'production', ...times });
    const inHeaders = headOf('POST /graphql').slice(0, -4);
    const inBody = `${headOf('POST /graphql', 'content-type: application/json', 'content-length: 9')}{`;
    const slow = Array.from({ length: 40 }, (_caller, index) =>
      sendRaw(gateway.url, index % 2 === 0 ? inHeaders : inBody),
    );
    await gateway.ask('{ complianceManagementPartners { totalCount } }');
    for (const answer of await Promise.all(slow)) {
      expect(answer?.status).toBe(408);
    }
  });

  it('[60] container contract: without rights, without a shell, without a disk, and ended by its own check', async () => {
    const image = imageOf(readDockerfile(new URL('../../Dockerfile', import.meta.url)));
    expect([image.user, image.steps.filter(({ kind }) => kind === 'run')]).toEqual([
      '65532:65532',
      [],
    ]);
    expect(image.environment['NODE_ENV']).toBe('production');
    const pod = at(kindOf(base, 'Deployment'), 'spec template spec');
    expect(at(pod, 'automountServiceAccountToken')).toBe(false);
    expect(at(pod, 'securityContext')).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
    expect(at(pod, 'containers 0 securityContext')).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });

    const refused = startProgram({ ...image.environment });
    expect((await refused.ended).code).toBe(78);
    expect(refused.output()).toContain('GRAPH_CLOUD is missing');
    const usable = { HOST: '127.0.0.1', GRAPH_CLOUD: 'emulator' };
    const program = startProgram({ ...image.environment, ...usable });
    closeLater(async () => {
      program.kill('SIGKILL');
      await program.ended;
    });
    const port = (await program.until(/"url":"http:\/\/127\.0\.0\.1:(\d+)","upstream"/))[1] ?? '';
    const check = (env: Record<string, string>) =>
      promisify(execFile)(process.execPath, image.healthCheck.slice(1), { env });
    await check({ PORT: port });
    program.kill('SIGKILL');
    await program.ended;
    await expect(check({ PORT: port })).rejects.toMatchObject({ code: 1 });
  });
});
