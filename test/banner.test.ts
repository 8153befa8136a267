import { describe, expect, it } from '@jest/globals';
import { parse, validate } from 'graphql';
import { bannerOf } from '../src/banner.ts';
import { createSchema, readSdl } from '../src/server/schema.ts';

const banner = bannerOf('http://127.0.0.1:4000', 'http://127.0.0.1:4001/', true);

describe('bannerOf', () => {
  it('tells where to go, and loudly who answers', () => {
    for (const text of [
      'http://127.0.0.1:4000/graphql',
      'http://127.0.0.1:4000/schema.graphql',
      'EMBEDDED GRAPH',
      'http://127.0.0.1:4001/',
      'embedded-graph-token',
    ]) {
      expect(banner).toContain(text);
    }
  });

  it('names the explorer where there is one', () => {
    expect(banner).toContain('Explorer   http://127.0.0.1:4000/\n');
    expect(bannerOf('http://127.0.0.1:4000', 'http://127.0.0.1:4001/', false)).not.toContain(
      'Explorer',
    );
  });

  it('holds a mutation that the schema accepts, in a command for a shell', () => {
    const body = /-d '([^']+)'/.exec(banner)?.[1] ?? '';
    const { query } = JSON.parse(body) as { query: string };
    expect(validate(createSchema(readSdl()), parse(query))).toEqual([]);
  });
});
