import { expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { proxyFor } from '../../src/shared/proxy.ts';

const both = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'http://plain:2' };
const hrefFor = (url: string, environment: Record<string, string>) =>
  proxyFor(new URL(url), readConfig(environment).proxies)?.url.href;

it.each<[string, Record<string, string>, string | undefined]>([
  ['https://a.example', both, 'http://secure:1/'],
  ['http://a.example', both, 'http://plain:2/'],
  ['https://a.example', { HTTP_PROXY: 'http://p:1' }, undefined],
  ['https://a.example', { ...both, https_proxy: 'http://low:3' }, 'http://low:3/'],
  ['http://a.example', { ...both, http_proxy: 'http://low:4' }, 'http://low:4/'],
  ['https://a.example', { ...both, https_proxy: '' }, 'http://secure:1/'],
  ['https://a.example', { https_proxy: 'p.example:3128' }, 'http://p.example:3128/'],
  ['https://a.example', { https_proxy: 'https://p.example' }, 'https://p.example/'],
  ['http://127.1.2.3:1', both, undefined],
  ['https://localhost', both, undefined],
  ['https://[::1]:1', both, undefined],
  ['https://a.example', { ...both, no_proxy: 'a.example', NO_PROXY: 'b.example' }, undefined],
  ['https://b.example', { ...both, no_proxy: 'a.example', NO_PROXY: '*' }, 'http://secure:1/'],
])('the proxy for %s with %j is %s', (url, environment, href) => {
  expect(hrefFor(url, environment)).toBe(href);
});

it.each<[string, string, boolean]>([
  ['*', 'https://a.example', true],
  ['A.Example', 'https://a.example', true],
  ['a.example', 'https://b.a.example', true],
  ['.a.example', 'https://b.a.example', true],
  ['*.a.example', 'https://b.a.example', true],
  ['a.example.', 'https://a.example', true],
  ['a.example', 'https://nota.example', false],
  ['a.example:443', 'https://a.example', true],
  ['a.example:8443', 'https://a.example', false],
  ['x, a.example', 'https://a.example', true],
  ['x a.example', 'https://a.example', true],
  [' , ,.', 'https://a.example', false],
  ['192.0.2.7', 'https://192.0.2.8', false],
  ['192.0.2.0/24', 'https://192.0.2.200', true],
  ['192.0.2.0/24', 'https://192.0.3.1', false],
  ['192.0.2.0/24', 'https://[2001:db8::1]', false],
  ['192.0.2.0/99', 'https://192.0.2.1', false],
  ['192.0.2.1-192.0.2.9', 'https://192.0.2.9', true],
  ['192.0.2.1-192.0.2.9', 'https://192.0.2.10', false],
  ['2001:db8::/32', 'https://[2001:db8::1]', true],
  ['[2001:db8::1]:443', 'https://[2001:DB8:0::1]', true],
])('NO_PROXY=%s excepts %s: %j', (exceptions, url, isException) => {
  const href = hrefFor(url, { ...both, NO_PROXY: exceptions });
  expect(href).toBe(isException ? undefined : 'http://secure:1/');
});

it('the credentials of a proxy are decoded, and no part of its address', () => {
  const { proxies } = readConfig({ HTTPS_PROXY: 'http://a%40b:hunter%3A2@p.example:1' });
  const { url, authorization } = proxies.https ?? {};
  expect(url?.href).toBe('http://p.example:1/');
  expect(authorization?.reveal()).toBe(`Basic ${btoa('a@b:hunter:2')}`);
  expect(JSON.stringify(proxies)).not.toContain('hunter');
});
