import { RequestProblem } from '../../graphql/problems.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Fastify keeps the last hundred spellings of what it can read. */
const longestContentType = 256;

/**
 * Finds what a request's headers say against reading its body: another charset than UTF-8, or a compression, behind
 * which any size could hide. Which media types are taken is not judged here.
 */
export function findBodyHeaderProblem(headers: Headers): RequestProblem | undefined {
  const encoding = String(headers['content-encoding'] ?? '').trim();
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    return new RequestProblem(
      415,
      'UNSUPPORTED_CONTENT_ENCODING',
      'The request body is compressed. Send it as it is, without the header "content-encoding".',
    );
  }
  const contentType = String(headers['content-type'] ?? '');
  const charsets = [...contentType.matchAll(/;\s*charset\s*=\s*("[^"]*"|[^;]*)/gi)].map(
    ([, charset = '']) => charset.replaceAll('"', '').trim(),
  );
  return contentType.length <= longestContentType &&
    charsets.every((charset) => /^utf-?8$/i.test(charset))
    ? undefined
    : new RequestProblem(
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        'The request body is in another charset. Send it as application/json in UTF-8.',
      );
}
