/** No answer is read that has more bytes, on the wire or unpacked. */
export const maximumBodyBytes = 8 * 1024 * 1024;
/** Interim answers (1xx) that are taken for one request. */
export const maximumInterimResponses = 16;
/** Of one answer's headers. */
export const maximumHeaderBytes = 16 * 1024;
