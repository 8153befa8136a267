/** The environment of the tests names the test file that runs; elsewhere there is one only. */
const process = globalThis as { testFile?: string };

/** Makes something once for each test file, although this module is loaded once for all files of a process. */
export function ofTestFile<Made>(make: () => Made): () => Made {
  let made: { readonly by: string | undefined; readonly value: Made } | undefined;
  return () => {
    if (made === undefined || made.by !== process.testFile) {
      made = { by: process.testFile, value: make() };
    }
    return made.value;
  };
}
