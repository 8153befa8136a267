import { Agent, request as httpRequest } from 'node:http';
import type { ProxiedRequest } from './fault.ts';
import { type HeaderLine, type HttpAnswer, httpAnswer, jsonType } from './httpAnswer.ts';

/** Belong to one connection, or frame a body that is framed anew. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

/** Connects to an upstream that speaks plain HTTP; `send` rejects where it breaks off. */
export function createUpstreamLink(upstream: URL) {
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<{ destroy(): unknown }>();
  const basePath = upstream.pathname.replace(/\/$/, '');
  return {
    send: ({ method, path, rawHeaders, body }: ProxiedRequest): Promise<HttpAnswer> =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest({
          agent,
          host: upstream.hostname.replace(/^\[|\]$/g, ''),
          port: upstream.port,
          method,
          path: `${basePath}${path}`,
          headers: [...rawHeaders],
        });
        underWay.add(outgoing);
        outgoing.on('close', () => underWay.delete(outgoing));
        outgoing.on('error', reject);
        outgoing.on('response', async (incoming) => {
          try {
            const chunks: Buffer[] = await incoming.toArray();
            const names = incoming.rawHeaders;
            const headers = names.flatMap((name, index): HeaderLine[] =>
              index % 2 === 1 || hopByHop.has(name.toLowerCase())
                ? []
                : [[name, names[index + 1] ?? '']],
            );
            resolve({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
          } catch (error) {
            reject(error);
          }
        });
        outgoing.end(body);
      }),
    /** Cuts off everything in flight. */
    close() {
      for (const outgoing of underWay) {
        outgoing.destroy();
      }
      agent.destroy();
    },
  };
}

const newId = '5a7d1f00-0000-4000-8000-00000000fa17';

/** An answer that looks like the upstream's, for faults that lie about a request which was never executed. */
export function standInAnswer({ method, path, body }: ProxiedRequest): HttpAnswer {
  const [collection = '', id] = path
    .replace(/\?.*/, '')
    .split(/(?<=complianceManagementPartners)\//);
  const text = body.toString('utf8');
  const sent = text.startsWith('{') ? (JSON.parse(text) as object) : {};
  switch (method) {
    case 'POST':
      return collection.endsWith('$batch')
        ? httpAnswer(200, jsonType, { responses: [] })
        : httpAnswer(201, jsonType, { ...sent, id: newId });
    case 'PATCH':
      return httpAnswer(200, jsonType, { ...sent, id });
    case 'DELETE':
      return httpAnswer(204);
    default:
      return httpAnswer(200, jsonType, id === undefined ? { value: [] } : { id });
  }
}
