import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';

const hostedSandbox = 'https://studio.apollographql.com';

describe('the origins that may call from a browser', () => {
  it.each([
    [{ GRAPH_CLOUD: 'global' }, []],
    [{}, [hostedSandbox]],
    [{ GRAPH_CLOUD: 'emulator', NODE_ENV: 'production' }, [hostedSandbox]],
    [
      { GRAPH_CLOUD: 'global', CORS_ORIGINS: ' https://app.example, http://localhost:5173 ,' },
      ['https://app.example', 'http://localhost:5173'],
    ],
    [
      { CORS_ORIGINS: `${hostedSandbox},https://app.example` },
      [hostedSandbox, 'https://app.example'],
    ],
  ])('are, under %j, %j', (environment, origins) => {
    expect(readConfig(environment).corsOrigins).toEqual(origins);
  });

  it.each([
    ['*', 'name each origin'],
    ['null', 'an origin is http:// or https:// and a host'],
    ['app.example', 'an origin is http:// or https:// and a host'],
    ['ftp://app.example', 'an origin is http:// or https:// and a host'],
    ['https://*.example', 'name each origin'],
    ['https://app.example/', 'browsers would send "https://app.example"'],
    ['https://app.example/page', 'browsers would send "https://app.example"'],
    ['https://app.example?x', 'browsers would send "https://app.example"'],
    ['https://App.example', 'browsers would send "https://app.example"'],
    ['https://app.example:443', 'browsers would send "https://app.example"'],
  ])('are never %s', (origin, reason) => {
    expect(() => readConfig({ CORS_ORIGINS: `https://fine.example,${origin}` })).toThrow(reason);
  });

  it('are told all at once, and without a password in one of them', () => {
    const read = () => readConfig({ CORS_ORIGINS: 'http://user:hunter2@app.example,*,x' });
    expect(read).toThrow(/"http:\/\/app\.example"; [\s\S]*"\*"; [\s\S]*"x"; /);
    expect(read).not.toThrow(/hunter2/);
  });
});
