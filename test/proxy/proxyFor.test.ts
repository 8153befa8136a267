import { describe, expect, it } from '@jest/globals';
import { readProxies } from '../../src/config/proxyConfig.ts';
import { createReaders } from '../../src/config/readers.ts';
import { proxyFor } from '../../src/proxy.ts';

function read(environment: Record<string, string>) {
  const readers = createReaders(environment);
  return { settings: readProxies(readers), problems: readers.problems };
}

function hrefFor(url: string, environment: Record<string, string>): string | undefined {
  return proxyFor(new URL(url), read(environment).settings)?.url.href;
}

const both = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' };

describe('the proxy for an address', () => {
  it.each<[string, string, Record<string, string>, string | undefined]>([
    ['https by HTTPS_PROXY', 'https://a.example', both, 'http://secure:1/'],
    ['http by HTTP_PROXY', 'http://a.example', both, 'http://plain:2/'],
    ['https never by HTTP_PROXY', 'https://a.example', { HTTP_PROXY: 'http://p:1' }, undefined],
    [
      'lower case first',
      'https://a.example',
      { ...both, https_proxy: 'http://low:3' },
      'http://low:3/',
    ],
    ['an empty one is none', 'https://a.example', { ...both, https_proxy: '' }, 'http://secure:1/'],
    [
      'without a scheme',
      'https://a.example',
      { https_proxy: 'p.example:3128' },
      'http://p.example:3128/',
    ],
    ['over TLS', 'https://a.example', { https_proxy: 'https://p.example' }, 'https://p.example/'],
    ['never 127.0.0.1', 'http://127.0.0.1:1', both, undefined],
    ['never 127.1.2.3', 'http://127.1.2.3:1', both, undefined],
    ['never localhost', 'https://localhost', both, undefined],
    ['never ::1', 'https://[::1]:1', both, undefined],
  ])('is chosen: %s', (_what, url, environment, href) => {
    expect(hrefFor(url, environment)).toBe(href);
  });

  it.each<[string, string, boolean]>([
    ['*', 'https://a.example', true],
    ['a.example', 'https://a.example', true],
    ['A.Example', 'https://a.example', true],
    ['a.example', 'https://b.a.example', true],
    ['.a.example', 'https://b.a.example', true],
    ['*.a.example', 'https://b.a.example', true],
    ['a.example.', 'https://a.example', true],
    ['a.example', 'https://nota.example', false],
    ['ample', 'https://a.example', false],
    ['a.example:443', 'https://a.example', true],
    ['a.example:8443', 'https://a.example', false],
    ['a.example:8443', 'https://a.example:8443', true],
    ['x, a.example', 'https://a.example', true],
    ['x a.example', 'https://a.example', true],
    [' , ,', 'https://a.example', false],
    ['.', 'https://a.example', false],
    ['192.0.2.7', 'https://192.0.2.7', true],
    ['192.0.2.7', 'https://192.0.2.8', false],
    ['192.0.2.0/24', 'https://192.0.2.200', true],
    ['192.0.2.0/24', 'https://192.0.3.1', false],
    ['192.0.2.0/99', 'https://192.0.2.1', false],
    ['192.0.2.1-192.0.2.9', 'https://192.0.2.9', true],
    ['192.0.2.1-192.0.2.9', 'https://192.0.2.10', false],
    ['2001:db8::/32', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]', true],
    ['2001:db8::1', 'https://[2001:DB8:0::1]', true],
    ['192.0.2.0/24', 'https://[2001:db8::1]', false],
  ])('is none with NO_PROXY=%s for %s: %s', (exceptions, url, isException) => {
    for (const name of ['NO_PROXY', 'no_proxy']) {
      const href = hrefFor(url, { ...both, [name]: exceptions });
      expect(href).toBe(isException ? undefined : 'http://secure:1/');
    }
  });
});

describe('the credentials of a proxy', () => {
  it('are decoded, and no part of its address', () => {
    const { settings } = read({ HTTPS_PROXY: 'http://a%40b:hunter%3A2@p.example:1' });
    const { url, authorization } = settings.https ?? {};
    expect(url?.href).toBe('http://p.example:1/');
    expect(authorization?.reveal()).toBe(`Basic ${btoa('a@b:hunter:2')}`);
    expect(JSON.stringify(settings)).not.toContain('hunter');
  });

  it.each(['socks5://u:hunter2@p.example', 'http://u:hunter2@', 'http://u:%E0hunter2@p.example'])(
    'are not shown when %s cannot be used',
    (value) => {
      const { problems } = read({ https_proxy: value });
      expect(problems).toEqual([expect.stringMatching(/^https_proxy cannot be used: /)]);
      expect(problems.join()).not.toContain('hunter2');
    },
  );
});
