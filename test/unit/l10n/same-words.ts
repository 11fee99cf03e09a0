/** Words of the field, names and signs that German has in common with English. */
const words = new Set(
  [
    'Flowscope Inspector Runs Training Checkpoint Checkpoints Flow Export Status Parameter Parameters Name Sample Samples',
    'Seed Prior Squeeze Logit vector Log log-det Log-det eval train min max ONNX PNG SVG CSV NPY NaN Inf HTML float32 Median',
    'p q r x z s t y dim bits nats Tab Enter n of opset Alt linear CIFAR MNIST RealNVP NICE Glow',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
);

/** Whether a text is the same in both languages by right: nothing in it but such words, numbers and formulas. */
export function mayBeEqual(text: string): boolean {
  // Of a function, only what it writes counts.
  const written = text.includes('=>')
    ? [...text.matchAll(/`((?:[^`\\]|\\.)*)`|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/g)]
        .map((match) => match[1] ?? match[2] ?? match[3])
        .join(' ')
        .replace(/\\(?:u([0-9A-F]{4})|x([0-9A-F]{2}))/gi, (_, long?: string, short?: string) =>
          String.fromCharCode(parseInt(long ?? short ?? '', 16)),
        )
        .replace(/\$\{[^}]*\}/g, ' ')
    : text;
  // Raised letters are signs of formulas.
  return (written.replace(/\p{Lm}/gu, '').match(/\p{L}[\p{L}\d-]*/gu) ?? [])
    .map((word) => word.toLowerCase())
    .every((word) => words.has(word) || /^(\p{Script=Greek}|cos|sin|log|ln|e)+$/u.test(word));
}
