import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import { readConfig } from '../../src/config/config.ts';
import { explorerOf } from '../../src/gateway.ts';
import { pageInput } from '../support/documents.ts';

const explorer = (environment: Record<string, string>) => explorerOf(readConfig(environment));
const exampleOf = (environment: Record<string, string>) => explorer(environment)?.example;

describe('what the explorer begins with', () => {
  it("is the README's mutation, and the reference page's input", () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, body = ''] = /<<'JSON'\n([\s\S]*?)\nJSON/.exec(readme) ?? [];
    const { query, variables } = JSON.parse(body) as { query: string; variables: object };
    const example = exampleOf({});
    expect(example?.document).toBe(`${print(parse(query))}\n`);
    expect(example?.variables).toEqual(variables);
    expect(example?.variables).toEqual({ input: pageInput });
  });

  it.each<[object, boolean]>([
    [{}, true],
    [{ GRAPH_CLOUD: 'emulator' }, true],
    [{ GRAPH_CLOUD: 'global' }, false],
    [{ GRAPH_CLOUD: 'china' }, false],
    [{ GRAPH_BASE_URL: 'http://127.0.0.1:9/' }, false],
    [{ GRAPH_CLOUD: 'global', GRAPH_API_VERSION: 'v1.0' }, false],
    [{ GRAPH_API_VERSION: 'v1.0' }, false],
    [{ EMULATOR_BETA_GENERATION: 'today' }, false],
    [{ GRAPH_CLOUD: 'global', EMULATOR_BETA_GENERATION: 'today' }, false],
  ])('has windows* under %j: %s', (environment, hasWindows) => {
    const text = JSON.stringify(exampleOf({ ...environment })?.variables);
    expect([
      text.includes('windowsOnboarded'),
      text.includes('windowsEnrollmentAssignments'),
    ]).toEqual([hasWindows, hasWindows]);
  });

  const onBehalfOf = {
    AUTH_MODE: 'on-behalf-of',
    AZURE_TENANT_ID: '11111111-1111-4111-8111-111111111111',
    AZURE_CLIENT_ID: '22222222-2222-4222-8222-222222222222',
    AZURE_CLIENT_SECRET: 'secret',
  };
  it.each<[object, string]>([
    [{}, 'Bearer embedded-graph-token'],
    [{ GRAPH_CLOUD: 'emulator' }, 'Bearer embedded-graph-token'],
    [{ GRAPH_CLOUD: 'global' }, 'Bearer '],
    [{ GRAPH_BASE_URL: 'http://127.0.0.1:9/' }, 'Bearer '],
    [{ GRAPH_CLOUD: 'global', ...onBehalfOf }, 'Bearer '],
  ])('has a token only where it is the embedded one: under %j', (environment, authorization) => {
    expect(exampleOf({ ...environment })?.headers).toEqual({ authorization });
  });
});
