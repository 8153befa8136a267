import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { ProxiedRequest } from './fault.ts';
import type { HeaderLine, HttpAnswer } from './httpAnswer.ts';

/** The proxy's way to what it stands before. */
export interface UpstreamLink {
  /** Sends a request as it came and gives the whole answer; rejects where the upstream breaks off. */
  send(request: ProxiedRequest): Promise<HttpAnswer>;
  /** Cuts everything off that is under way. */
  close(): void;
}

/** Belong to one connection, or frame a body that is framed anew. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

/** Connects to an upstream that speaks plain HTTP. */
export function createUpstreamLink(upstream: URL): UpstreamLink {
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<{ destroy(): unknown }>();
  const basePath = upstream.pathname.replace(/\/$/, '');
  return {
    send: ({ method, path, rawHeaders, body }) =>
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
        outgoing.on('response', (incoming) => readAnswer(incoming).then(resolve, reject));
        outgoing.end(body);
      }),
    close() {
      for (const outgoing of underWay) {
        outgoing.destroy();
      }
      agent.destroy();
    },
  };
}

async function readAnswer(incoming: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(Buffer.from(chunk));
  }
  const { rawHeaders, statusCode = 0 } = incoming;
  const headers: HeaderLine[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (!hopByHop.has(name.toLowerCase())) {
      headers.push([name, value]);
    }
  }
  return { status: statusCode, headers, body: Buffer.concat(chunks) };
}
