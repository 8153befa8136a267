import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';

describe('which explorer there is', () => {
  it.each([
    [{}, 'auto'],
    [{ EXPLORER: 'sandbox' }, 'sandbox'],
    [{ EXPLORER: 'offline' }, 'offline'],
    [{ EXPLORER: 'off' }, 'off'],
    [{ NODE_ENV: 'production', GRAPH_CLOUD: 'global' }, 'off'],
    [{ NODE_ENV: 'production', GRAPH_CLOUD: 'global', EXPLORER: 'offline' }, 'offline'],
  ])('is, under %j, %s', (environment, mode) => {
    expect(readConfig(environment).explorer).toBe(mode);
  });

  it('is told to be wrong where the word is none of them', () => {
    expect(() => readConfig({ EXPLORER: 'graphiql' })).toThrow(
      'EXPLORER is "graphiql"; it must be one of auto, sandbox, offline, off.',
    );
  });
});
