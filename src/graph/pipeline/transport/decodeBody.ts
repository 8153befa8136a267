import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { GraphResponse } from '../pipeline.ts';

/** The body without its encoding, or what is wrong with it. */
export type DecodedBody = { readonly body: Buffer } | { readonly problem: string };

type Inflate = (body: Buffer, bounds: { readonly maxOutputLength: number }) => Promise<Buffer>;

const inflaters: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/**
 * Takes the content encoding off. None is asked for, but what stands between may put one on all the same; two are
 * what a bomb is made of. The bound, in bytes, holds for what comes out.
 */
export async function decodeBody(
  response: GraphResponse,
  maximumBytes: number,
): Promise<DecodedBody> {
  const encoding = [response.headers['content-encoding'] ?? ''].flat().join().trim().toLowerCase();
  if (encoding === '' || encoding === 'identity' || response.body.length === 0) {
    return { body: response.body };
  }
  const decode = inflaters.get(encoding);
  if (decode === undefined) {
    return { problem: 'its encoding is none that this gateway reads' };
  }
  try {
    return { body: await decode(response.body, { maxOutputLength: maximumBytes }) };
  } catch (error) {
    return { problem: isTooLarge(error) ? 'it is too large' : 'its encoding is broken' };
  }
}

function isTooLarge(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_BUFFER_TOO_LARGE'
  );
}
