import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Limits } from '../config/http.ts';
import { readJson } from '../graphql/admission.ts';
import { RequestProblem } from '../graphql/errorFormat.ts';
import type { InexactNumber } from '../shared/json.ts';
import type { Measurements } from '../telemetry/metrics.ts';
import { badRequest } from './failures.ts';

interface JsonBodyParts {
  readonly limits: Limits;
  readonly measurements: Pick<Measurements, 'limitSeen'>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The numbers that the parsed body does not have as they were sent. */
    inexactNumbers: readonly InexactNumber[] | undefined;
  }
}

/** Lets the server read bodies of JSON in UTF-8, inside the limits, and no others. */
export function addJsonBody(app: FastifyInstance, { limits, measurements }: JsonBodyParts): void {
  app.decorateRequest('inexactNumbers', undefined);
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', (request, _reply, done) => {
    done(request.method === 'POST' ? findBodyHeaderProblem(request.headers) : undefined);
  });
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => {
      const text = textOf(bytes);
      const { value, depth, inexact } = readJson(text, 'the request body', limits.jsonDepth);
      measurements.limitSeen('body-bytes', bytes.length);
      measurements.limitSeen('json-depth', depth);
      request.inexactNumbers = inexact;
      return value;
    },
  );
}

/** Wrong bytes would silently become other characters. */
function textOf(bytes: Buffer): string {
  if (bytes.length === 0) {
    throw badRequest('The request body is empty. Send a JSON object.');
  }
  if (!isUtf8(bytes)) {
    throw new RequestProblem(
      400,
      'INVALID_UTF8',
      'The request body is not UTF-8. Send it in UTF-8.',
    );
  }
  return bytes.toString('utf8');
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Fastify keeps the last hundred spellings of what it can read. */
const longestContentType = 256;

/**
 * Finds what a request's headers say against reading its body: another charset than UTF-8, or a compression, behind
 * which any size could hide. Which media types are taken is not judged here.
 */
function findBodyHeaderProblem(headers: Headers): RequestProblem | undefined {
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
