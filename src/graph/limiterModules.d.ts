// The package's entry loads limiters for a dozen databases, which cost 7 MiB in a gateway that uses none of them.
declare module 'rate-limiter-flexible/lib/RateLimiterAbstract.js' {
  export { RateLimiterAbstract as default } from 'rate-limiter-flexible';
}
declare module 'rate-limiter-flexible/lib/RateLimiterRedis.js' {
  export { RateLimiterRedis as default } from 'rate-limiter-flexible';
}
declare module 'rate-limiter-flexible/lib/RateLimiterRes.js' {
  export { RateLimiterRes as default } from 'rate-limiter-flexible';
}
