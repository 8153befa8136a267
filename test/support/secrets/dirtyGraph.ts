import { type Answer, json, type ScriptedServer, startScriptedServer } from '../scriptedServer.ts';
import { type Canaries, canary } from './canaries.ts';

/** What a Graph that talks too much says beside its answers; none of it is for anybody. */
export const graphSecrets: Canaries = {
  'cookie of Graph': canary('set-cookie'),
  'diagnostics of Graph': canary('diagnostic'),
  'host of Graph': canary('host'),
  'inner error of Graph': canary('inner-error'),
};

/** Texts of Graph that the caller may read, and only the caller. */
export const graphWords: Canaries = {
  'refusal of Graph': canary('refusal'),
  'data of Graph': canary('data'),
};

/** A Graph that answers as the test says at the moment. */
export interface DirtyGraph {
  readonly url: URL;
  readonly requests: ScriptedServer['requests'];
  answers(answer: Answer): void;
  close(): Promise<void>;
}

/** Starts one on loopback. */
export async function startDirtyGraph(): Promise<DirtyGraph> {
  let current: Answer = dirty(500);
  const server = await startScriptedServer((response, request) => current(response, request));
  return {
    url: server.url,
    requests: server.requests,
    answers(answer) {
      current = answer;
    },
    close: server.close,
  };
}

/** Answers with canaries in every header, and with the token that came in every place of a refusal. */
export function dirty(
  status: number,
  body?: unknown,
  headers: Record<string, string> = {},
): Answer {
  return (response, request) => {
    const token = request.headers.authorization?.slice(7) ?? '';
    json(status, body ?? refusalWith(token), { ...dirtyHeaders(token), ...headers })(
      response,
      request,
    );
  };
}

/** A page of something that stands between, with the token that came. */
export const dirtyPage: Answer = (response, request) => {
  response.writeHead(200, { 'content-type': 'text/html', ...dirtyHeaders('') });
  response.end(`<html>${request.headers.authorization} ${canary('inner-error')}</html>`);
};

function dirtyHeaders(token: string): Record<string, string> {
  return {
    'set-cookie': `session=${canary('set-cookie')}`,
    'x-ms-ags-diagnostic': JSON.stringify({ ServerInfo: canary('diagnostic') }),
    'www-authenticate': `Bearer realm="${canary('host')}", error_description="${token} is bad"`,
    'request-id': token === '' ? 'graph-request-id' : `Bearer ${token}`,
    'client-request-id': token,
    server: canary('diagnostic'),
  };
}

/** JSON in a string in JSON, as Intune writes it. */
function refusalWith(token: string): object {
  const tail = ` - Activity ID: ${canary('inner-error')} - Url: https://${canary('host')}.manage.microsoft.com/x`;
  const message = `${canary('refusal')}: the token ${token} is bad. Authorization: Bearer ${token}.${tail}`;
  return {
    error: {
      code: token === '' ? 'UnknownError' : token,
      message: JSON.stringify({ ErrorCode: token, Message: JSON.stringify({ Message: message }) }),
      innerError: { 'request-id': token, debug: canary('inner-error'), authorization: token },
    },
  };
}
