/** What a router has to pass on to the gateway: who calls, and by which ids the call is found again. */
export const propagated = ['authorization', 'traceparent', 'client-request-id', 'prefer'];
