import { afterEach, describe, expect, it } from '@jest/globals';
import { diagnose } from '../doctor/doctorHarness.ts';
import { createTestCertificates } from '../support/certificates.ts';
import { startFaultProxy } from '../support/faultProxy/startFaultProxy.ts';
import { startBrokenProxy, startForwardProxy } from '../support/forwardProxies.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) {
    await close();
  }
});

async function examine(proxyUrl: string) {
  const { authority, good: tls } = createTestCertificates();
  const graph = await startTestGraph();
  toClose.push(() => graph.close());
  const door = await startFaultProxy({ upstream: new URL(graph.baseUrl), tls });
  toClose.push(door.close);
  const { lines, output } = await diagnose(
    { GRAPH_BASE_URL: `https://graph.example.test:${door.url.port}`, HTTPS_PROXY: proxyUrl },
    { certificateAuthorities: [authority] },
  );
  return { output, about: (check: string) => lines.filter((line) => line.includes(` ${check}: `)) };
}

describe('the doctor behind a forward proxy', () => {
  it('reports that the proxy opens tunnels, and that Graph answers', async () => {
    const user = { name: 'ada', password: 'hunter2' };
    const proxy = await startForwardProxy({ user });
    toClose.push(proxy.close);
    const { about, output } = await examine(proxy.url);
    expect(about('proxy')).toEqual([
      `ok proxy: The forward proxy ${new URL(proxy.url).host} opens tunnels.`,
    ]);
    expect(about('graph')).toEqual([expect.stringMatching(/^ok graph: .* asks for a token/)]);
    expect(output).not.toContain('hunter2');
  });

  it('reports a proxy that rejects the credentials', async () => {
    const proxy = await startForwardProxy({ user: { name: 'ada', password: 'right' } });
    toClose.push(proxy.close);
    const { about, output } = await examine(proxy.url.replace('right', 'hunter2'));
    expect(about('proxy')).toEqual([expect.stringContaining('rejects the credentials')]);
    expect(about('graph')).toEqual([]);
    expect(output).not.toContain('hunter2');
  });

  it.each<[string, string]>([
    ['HTTP/1.1 403 Forbidden\r\n\r\n', '(403)'],
    ['', '(closed)'],
    ['nonsense\r\n\r\n', '(NOT_HTTP)'],
  ])('reports a proxy that answers CONNECT with "%s"', async (answer, reason) => {
    const proxy = await startBrokenProxy((socket) => socket.end(answer));
    toClose.push(proxy.close);
    const { about } = await examine(proxy.url);
    expect(about('proxy')).toEqual([
      expect.stringContaining('opened no tunnel to graph.example.test'),
    ]);
    expect(about('proxy')[0]).toContain(reason);
  });

  it('reports a proxy that cannot be reached', async () => {
    const proxy = await startBrokenProxy(() => undefined);
    await proxy.close();
    const { about } = await examine(proxy.url);
    expect(about('proxy')).toEqual([expect.stringContaining('(ECONNREFUSED)')]);
  });
});
