/** The environment of the tests gives it to each file; elsewhere there is one file only. */
const { sharedTexts: texts = new Map() } = globalThis as { sharedTexts?: Map<string, string> };

/** A text that takes long to make and may be the same for all test files of a process; made when it is first wanted. */
export function sharedText(name: string, make: () => string): string {
  const text = texts.get(name) ?? make();
  texts.set(name, text);
  return text;
}
