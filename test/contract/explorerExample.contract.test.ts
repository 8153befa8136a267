import { describe, expect, it } from '@jest/globals';
import type { ExplorerExample } from '../../src/http/explorerSettings.ts';
import { useClosing } from '../support/closing.ts';
import { pageAnswer } from '../support/documents.ts';
import { startTestGateway, type TestGateway } from '../support/testGateways.ts';
import { startTestGraph } from '../support/testGraphs.ts';

const closeLater = useClosing();

async function start(environment: Record<string, string>): Promise<TestGateway> {
  const gateway = await startTestGateway({ EXPLORER: 'offline', ...environment });
  closeLater(() => gateway.stop(0));
  return gateway;
}

/** Presses the button of the page at `/`. */
async function runExample(gateway: TestGateway): Promise<unknown> {
  const { text } = await gateway.get('/');
  const [, settings = ''] = /id="settings">(.*?)<\/script>/.exec(text) ?? [];
  const { document, variables } = JSON.parse(settings) as ExplorerExample;
  const { result } = await gateway.run(document, variables);
  expect(result.errors).toBeUndefined();
  return result.data?.['addComplianceManagementPartner'];
}

const given = { id: expect.any(String), revision: expect.any(String) };

describe("the explorer's example", () => {
  it("is the reference page's where the embedded Graph answers it", async () => {
    expect(await runExample(await start({}))).toEqual({
      complianceManagementPartner: { ...pageAnswer, ...given },
      userErrors: [],
    });
  });

  it.each(['beta', 'v1.0'])(
    "is carried out by a Graph of today's in %s, which has no windows*",
    async (GRAPH_API_VERSION) => {
      const graph = await startTestGraph();
      closeLater(graph.close);
      const gateway = await start({ GRAPH_BASE_URL: graph.baseUrl, GRAPH_API_VERSION });
      expect(await runExample(gateway)).toEqual({
        complianceManagementPartner: {
          ...pageAnswer,
          ...given,
          windowsOnboarded: null,
          windowsEnrollmentAssignments: null,
          linuxOnboarded: GRAPH_API_VERSION === 'beta' ? false : null,
          linuxEnrollmentAssignments: GRAPH_API_VERSION === 'beta' ? [] : null,
        },
        userErrors: [],
      });
    },
  );
});
