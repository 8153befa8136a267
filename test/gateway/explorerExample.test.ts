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

/** What the page at `/` begins with. */
async function readExample(gateway: TestGateway): Promise<ExplorerExample> {
  const { text } = await gateway.get('/');
  const [, settings = ''] = /id="settings">(.*?)<\/script>/.exec(text) ?? [];
  return JSON.parse(settings) as ExplorerExample;
}

describe("the explorer's tabs", () => {
  it('begin with the add of the reference page if the embedded Graph answers, and all can be run', async () => {
    const gateway = await start({});
    const { document, variables, tabs, graph } = await readExample(gateway);
    expect([{ document, variables }, graph]).toEqual([tabs[0], 'embedded Graph']);
    const answers: unknown[] = [];
    for (const tab of tabs) {
      const { result } = await gateway.run(tab.document, tab.variables);
      expect([tab.document, result.errors]).toEqual([tab.document, undefined]);
      answers.push(result.data);
    }
    const given = { id: expect.any(String), revision: expect.any(String) };
    expect(answers[0]).toEqual({
      addComplianceManagementPartner: {
        complianceManagementPartner: { ...pageAnswer, ...given },
        userErrors: [],
      },
    });
    expect(answers.slice(1)).toMatchObject([
      { viewer: { operations: expect.any(Array) } },
      { complianceManagementPartners: { totalCount: expect.any(Number) } },
      { complianceManagementPartner: { displayName: 'Jamf Pro' } },
      { updateComplianceManagementPartner: { userErrors: [] } },
      { addEnrollmentAssignment: { changed: true, userErrors: [] } },
    ]);
  });

  it.each(['beta', 'v1.0'])(
    'begin with a read before any other Graph in %s, and no write runs as it is',
    async (GRAPH_API_VERSION) => {
      const graph = await startTestGraph();
      closeLater(graph.close);
      const gateway = await start({ GRAPH_BASE_URL: graph.baseUrl, GRAPH_API_VERSION });
      const example = await readExample(gateway);
      expect(example.graph).toBe(new URL(graph.baseUrl).host);
      const kinds: string[] = [];
      for (const { document, variables } of example.tabs) {
        kinds.push(document.split(' ')[0] ?? '');
        await gateway.run(document, variables);
      }
      expect(kinds).toEqual([...Array(3).fill('query'), ...Array(3).fill('mutation')]);
      expect(graph.requests.map(({ method }) => method)).toEqual(['GET']);
    },
  );
});
