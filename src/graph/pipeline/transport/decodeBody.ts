import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { GraphResponse } from '../../request.ts';

/** The body without its encoding, or what is wrong with it. */
export type DecodedBody = { readonly body: Buffer } | { readonly problem: string };

type Inflate = (
  body: Buffer,
  bounds: { readonly maxOutputLength: number; readonly chunkSize: number },
) => Promise<Buffer>;

/** Each chunk is a turn of the event loop; with the default of 16 KiB a bomb takes a second where others take turns too. */
const chunkSize = 256 * 1024;

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
  if (!isEncoded(response)) {
    return { body: response.body };
  }
  const encoding = encodingOf(response);
  const decode = inflaters.get(encoding);
  if (decode === undefined) {
    return { problem: 'its encoding is none that this gateway reads' };
  }
  try {
    return { body: await decode(response.body, { maxOutputLength: maximumBytes, chunkSize }) };
  } catch (error) {
    return { problem: isTooLarge(error) ? 'it is too large' : 'its encoding is broken' };
  }
}

/** Whether there is something to take off. */
export function isEncoded(response: GraphResponse): boolean {
  return response.body.length > 0 && !['', 'identity'].includes(encodingOf(response));
}

function encodingOf({ headers }: GraphResponse): string {
  return [headers['content-encoding'] ?? ''].flat().join().trim().toLowerCase();
}

function isTooLarge(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_BUFFER_TOO_LARGE'
  );
}
