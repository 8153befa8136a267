// One layer less to bomb: an encoded answer would have to be unpacked within a bound.
export const readHeaders = { accept: 'application/json', 'accept-encoding': 'identity' };
export const writeHeaders = { ...readHeaders, 'content-type': 'application/json' };
