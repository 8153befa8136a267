/** A document of the authority's that did not come, or cannot be believed. The problem is fit for a log line. */
export class DocumentError extends Error {
  readonly problem: string;
  readonly systemCode: string | undefined;

  constructor(problem: string, systemCode?: string) {
    super(`A document of the authority cannot be used: ${problem}.`);
    this.name = 'DocumentError';
    this.problem = problem;
    this.systemCode = systemCode;
  }
}
