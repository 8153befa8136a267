/** Something in an input that the caller can mend, found before anything is sent. */
export interface InputProblem {
  /** The path of the input field, beginning with `input`; list positions as decimal text. */
  readonly path: readonly string[];
  /** What is wrong and what would be right. */
  readonly message: string;
}
