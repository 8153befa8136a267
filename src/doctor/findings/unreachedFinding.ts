import type { EndpointFacts, ProbeStage } from '../endpoint.ts';
import { type CheckName, type Finding, problem } from '../finding.ts';

export type UnreachedFacts = Extract<EndpointFacts, { readonly kind: 'unreached' }>;

/** OpenSSL's and Node's codes for a certificate that does not prove what it should. */
const untrusted =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH|INVALID_)/;

/** Says at which step something could not be reached, and where to look. */
export function unreachedFinding(
  check: CheckName,
  { host, hostname }: URL,
  { stage, reason, proxy = '' }: UnreachedFacts,
): Finding {
  const stopped = reason === 'timeout' ? 'in time' : `(${reason})`;
  const sentences: Readonly<Record<ProbeStage, readonly [message: string, remedy: string]>> = {
    dns: [
      `No address was found for ${hostname} ${stopped}.`,
      "Check the name, this machine's DNS, and whether it may ask for names outside.",
    ],
    tcp: [
      `No connection to ${host} was made ${stopped}.`,
      'Allow outgoing connections to it (firewall, NetworkPolicy), or name a forward proxy in HTTPS_PROXY.',
    ],
    proxy: [
      `No connection to the forward proxy ${proxy} was made ${stopped}.`,
      'Check the address in HTTPS_PROXY, and allow connections to it; name hosts that need no proxy in NO_PROXY.',
    ],
    tunnel:
      reason === '407'
        ? [
            `The forward proxy ${proxy} rejects the credentials, or asks for some (407).`,
            'Set user name and password in the URL of HTTPS_PROXY, percent-encoded.',
          ]
        : [
            `The forward proxy ${proxy} opened no tunnel to ${host} ${stopped}.`,
            'Ask its operator to allow CONNECT to this host, or name the host in NO_PROXY.',
          ],
    tls: untrusted.test(reason)
      ? [
          `The certificate that ${host} shows cannot be trusted (${reason}).`,
          "Where a proxy of your own opens TLS, name a file with its authority's certificate in NODE_EXTRA_CA_CERTS; " +
            'otherwise somebody else answers under this name.',
        ]
      : [
          `${host} took the connection, and no TLS came about ${stopped}.`,
          'Check whether something on the way cuts or opens TLS, and whether the port speaks it.',
        ],
    http: [
      `${host} took the connection, and no whole answer came ${stopped}.`,
      'Check what stands between this machine and it.',
    ],
  };
  return problem(stage === 'proxy' || stage === 'tunnel' ? 'proxy' : check, ...sentences[stage]);
}
