/** No answer is read that has more bytes, on the wire or unpacked. */
export const maximumBodyBytes = 4 * 1024 * 1024;
/** Interim answers (1xx) that are taken for one request. */
export const maximumInterimResponses = 16;
/** Of one answer's headers. */
export const maximumHeaderBytes = 16 * 1024;
/**
 * Values and members in one answer: parsing takes time by their number more than by their bytes, and cannot be
 * interrupted. 1,000 partners with two assignments for each of two platforms have about 40,000.
 */
export const maximumJsonValues = 75_000;
/** Smaller bodies cannot keep the event loop busy; larger ones are worked on in several turns of it. */
export const smallBodyBytes = 32 * 1024;
