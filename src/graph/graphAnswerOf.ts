import type { GraphErrorBody } from './errorBody.ts';
import type { GraphAnswer } from './errors.ts';
import { type GraphResponse, headerText } from './request.ts';
import { safeIdOf } from './safeId.ts';

/**
 * Gathers what a support case needs of an answer, where it has the form that such things have: it is shown to callers
 * and written into logs, and a token or a sentence in its place is neither.
 */
export function graphAnswerOf(response: GraphResponse, body?: GraphErrorBody): GraphAnswer {
  return {
    status: response.status,
    code: ifFits(body?.codes[0], /^(?!eyJ)[A-Za-z][\w .:-]{0,99}$/),
    requestId: safeIdOf(headerText(response, 'request-id')) ?? safeIdOf(body?.requestId),
    clientRequestId:
      safeIdOf(headerText(response, 'client-request-id')) ?? safeIdOf(body?.clientRequestId),
    date: ifFits(headerText(response, 'date') ?? body?.date, /^[\w ,:.+-]{1,40}$/),
  };
}

function ifFits(text: string | undefined, form: RegExp): string | undefined {
  return text !== undefined && form.test(text) ? text : undefined;
}
