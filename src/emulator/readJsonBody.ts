import { type EmulatorAnswer, refuse } from './emulatorAnswer.ts';
import type { ErrorStamp } from './errorEnvelopes.ts';
import type { EmulatorRequest } from './http.ts';

/** The value of a body, or the answer that refuses it. */
export type JsonBody = { readonly value: unknown } | { readonly refusal: EmulatorAnswer };

/** Reads a body as Graph's front door does, before any service sees it: JSON by its media type, in UTF-8. */
export function readJsonBody({ headers, body }: EmulatorRequest, stamp: ErrorStamp): JsonBody {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    const message = 'A supported MIME type could not be found that matches the content type.';
    return { refusal: refuse({ status: 415, code: 'UnsupportedMediaType', message }, stamp) };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      body === 'tooLarge' ? undefined : body,
    );
    return { value: JSON.parse(text) };
  } catch {
    const message =
      'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.';
    return { refusal: refuse({ status: 400, code: 'BadRequest', message }, stamp) };
  }
}
