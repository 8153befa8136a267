// The package's entry loads fetch, caches and web sockets, which cost 14 MiB and 80 ms and are not used here.
declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}
