import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { decodeBody } from '../../../../src/graph/pipeline/transport/decodeBody.ts';

const text = JSON.stringify({ id: 'abc', displayName: 'Flotte für alle' });
const plain = Buffer.from(text);
const bound = 1000;

function decode(body: Buffer, encoding?: string | string[], maximumBytes = bound) {
  const headers = { 'content-encoding': encoding };
  return decodeBody({ status: 200, headers, body }, maximumBytes);
}

describe('decodeBody', () => {
  it.each<[string | undefined, Buffer]>([
    [undefined, plain],
    ['', plain],
    ['identity', plain],
    ['gzip', gzipSync(plain)],
    ['GZIP', gzipSync(plain)],
    [' gzip ', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
  ])('reads the encoding %j', async (encoding, body) => {
    await expect(decode(body, encoding)).resolves.toEqual({ body: plain });
  });

  it('takes an empty body for what it is, whatever its encoding', async () => {
    const empty = Buffer.alloc(0);
    await expect(decode(empty, 'gzip')).resolves.toEqual({ body: empty });
    await expect(decode(empty, 'x-unknown')).resolves.toEqual({ body: empty });
  });

  it.each<[string, string | string[]]>([
    ['one that does not exist', 'x-unknown'],
    ['two of them', 'gzip, gzip'],
    ['two of them on two lines', ['gzip', 'gzip']],
    ['one on the second line', ['identity', 'gzip']],
  ])('does not read %s', async (_what, encoding) => {
    await expect(decode(gzipSync(gzipSync(plain)), encoding)).resolves.toEqual({
      problem: 'its encoding is none that this gateway reads',
    });
  });

  it.each<[string, string, Buffer]>([
    ['no gzip', 'gzip', plain],
    ['half of a gzip', 'gzip', gzipSync(plain).subarray(0, 20)],
    ['a deflate without its frame', 'deflate', deflateRawSync(plain)],
    ['no brotli', 'br', plain],
  ])('tells that %s is broken', async (_what, encoding, body) => {
    await expect(decode(body, encoding)).resolves.toEqual({ problem: 'its encoding is broken' });
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('stops unpacking %s at the bound', async (encoding, encode) => {
    const within = Buffer.alloc(bound, ' ');
    await expect(decode(encode(within), encoding)).resolves.toEqual({ body: within });
    const bomb = encode(Buffer.alloc(2 * 1024 * 1024));
    await expect(decode(bomb, encoding)).resolves.toEqual({ problem: 'it is too large' });
    const oneMore = encode(Buffer.alloc(bound + 1, ' '));
    await expect(decode(oneMore, encoding)).resolves.toEqual({ problem: 'it is too large' });
  });
});
