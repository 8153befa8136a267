/** Whether a URL's `hostname` is this machine itself, by name or address (127.0.0.0/8, ::1). */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}
