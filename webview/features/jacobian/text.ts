/** Texts of this feature, in English and in German. */
import { inLanguage } from '../../base/format/language';

export const english = {
  centralDifferences: (step: string, error: string) =>
    `Central differences, step h = ${step}: the graph of an ONNX file has no gradients. No entry is off by more than about ${error}.`,
  jacobianTitle: '∂y/∂x of this layer',
  jacobianWhole: 'all elements',
  jacobianBlock: (k: number) => `${k} elements around the marked one`,
  byGradients: 'by automatic differentiation at the example',
  byDifferences: 'by central differences at the example',
  jacobianRows: 'rows: outputs y, columns: inputs x',
  blockSize: 'Elements of the block',
  elementOrder: 'Order',
  passingFirst: 'passing first',
  ownOrder: 'own order',
  diagonal: 'Diagonal',
  diagonalNote: 'next to what s and the norm give: eˢ/σ',
  element: 'element',
  fromJacobian: '∂y/∂x',
  fromScale: 'eˢ/σ',
  largestDifference: 'largest difference, relative',
  determinant: 'ln|det| by LU',
  claimedWhole: 'log-det by the layer itself',
  claimedBlock: 'Σ (s − ln σ) of these elements',
  noJacobianHere: 'No Jacobian',
  noJacobian: 'This layer only moves values',
  noJacobianWhy: 'Its Jacobian is a permutation of the identity; its log-det is 0.',
  runningOnly: 'By running statistics: with those of a batch, a layer does not map each example on its own.',
  triangular:
    'Where nothing moves the rows are those of the identity, and what moves depends on itself only through eˢ: sorted, the matrix is triangular.',
  jacobianHint: 'Point at a cell, or use the arrow keys, to read it',
  tab: 'Jacobian',
};

export const german: typeof english = {
  centralDifferences: (step: string, error: string) =>
    `Zentrale Differenzen, Schrittweite h = ${step}: Der Graph einer ONNX-Datei hat keine Gradienten. Kein Eintrag weicht um mehr als etwa ${error} ab.`,
  jacobianTitle: '∂y/∂x dieser Schicht',
  jacobianWhole: 'alle Elemente',
  jacobianBlock: (k) => `${k} Elemente um das markierte`,
  byGradients: 'durch automatisches Differenzieren beim Beispiel',
  byDifferences: 'durch zentrale Differenzen beim Beispiel',
  jacobianRows: 'Zeilen: Ausgänge y, Spalten: Eingänge x',
  blockSize: 'Elemente des Blocks',
  elementOrder: 'Reihenfolge',
  passingFirst: 'Durchgehende zuerst',
  ownOrder: 'eigene',
  diagonal: 'Diagonale',
  diagonalNote: 'neben dem, was s und die Normalisierung sagen: eˢ/σ',
  element: 'Element',
  fromJacobian: '∂y/∂x',
  fromScale: 'eˢ/σ',
  largestDifference: 'größter Unterschied, relativ',
  determinant: 'ln|det| aus LU',
  claimedWhole: 'Log-Determinante, die die Schicht angibt',
  claimedBlock: 'Σ (s − ln σ) dieser Elemente',
  noJacobianHere: 'Keine Jacobi-Matrix',
  noJacobian: 'Diese Schicht ordnet nur um',
  noJacobianWhy: 'Ihre Jacobi-Matrix ist eine Permutation der Einheitsmatrix; ihre Log-Determinante ist 0.',
  runningOnly:
    'Mit laufenden Statistiken: mit denen eines Batches ist eine Schicht keine Abbildung eines Beispiels allein.',
  triangular:
    'Wo nichts bewegt wird, stehen die Zeilen der Einheitsmatrix, und was bewegt wird, hängt von sich selbst nur über eˢ ab: sortiert ist die Matrix eine Dreiecksmatrix.',
  jacobianHint: 'Auf eine Zelle zeigen oder die Pfeiltasten benutzen, um sie zu lesen',
  tab: 'Jacobi-Matrix',
};

export const text = inLanguage(english, german);
